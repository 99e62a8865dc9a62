-- Courses, products, categories (with cycles), task templates.
INSERT INTO dispatch_course (id, name, type, customization) VALUES (1, 'Main', 1, '{"trays": 2}'), (2, 'Refinement', 2, '{}'), (3, 'Replacement', 4, NULL),
  (4, 'Any', 3, ''), (7, 'Invoice', 5, NULL), (8, 'Merchandise', 6, '{"shop": true}');

INSERT INTO dispatch_product (id, name, description, free, deleted, customization, type, substitute, course_id)
SELECT id, 'Product ' || gen.name('product', k, 'name', 2) || ' ' || k, CASE WHEN k % 3 > 0 THEN gen.words('product', k, 'description', 8) END,
  k % 7 = 6, cls = 'h1', CASE WHEN k = 3 THEN '' WHEN k % 2 = 0 THEN '{"color": "clear", "size": ' || k || '}' END, CASE WHEN k % 5 < 4 THEN k % 5 END, k % 6 = 5,
  (ARRAY[1, 2, 3, 4, 7, 8])[1 + k % 6]
FROM gen.rows('product') ORDER BY id;

INSERT INTO dispatch_category (id, name, parent_id)
SELECT id, 'Category ' || gen.name('category', k, 'name', 2),
  CASE WHEN k < 8 THEN NULL WHEN k < 40 THEN gen.category(k % 8) WHEN k = 40 AND gen.n_g1() > 1 THEN gen.category(41) WHEN k = 41 AND gen.n_g1() > 1 THEN gen.category(40)
       WHEN k = 42 AND gen.n_g1() IN (1, 3) THEN gen.category(42) WHEN k = 43 AND gen.n_g2() > 0 THEN gen.category_gap(0) END
FROM gen.rows('category') ORDER BY id;

INSERT INTO dispatch_template (id, task_name, action_name, function, status, duration, category_id, predefined, read_only, text_name, extensions, alerts, separate)
SELECT id, CASE WHEN k % 20 > 0 AND k <> 21 THEN initcap(gen.words('template', k, 'task', 3)) END, 'do_' || k, 'dispatch.tasks.step_' || k % 30,
  CASE WHEN k % 8 < 6 THEN 1 ELSE 2 END, CASE WHEN k % 3 > 0 THEN 15 * (k % 9) END,
  CASE WHEN k % 10 = 9 THEN NULL WHEN k = 5 AND gen.n_t1() > 0 THEN gen.category_gap(1) ELSE gen.category(k) END,
  k % 4 = 0, k % 6 = 0, CASE WHEN k % 20 = 0 THEN 'Text ' || k END, CASE WHEN k % 5 = 0 THEN '.stl,.ply' END, k % 9 = 0, k % 11 = 0
FROM gen.rows('template') ORDER BY id;
