-- Roles, their permissions, and the junctions of templates.
INSERT INTO dispatch_role (id, name, abbrev, type, "order", user_id, group_id)
SELECT id, 'Role ' || gen.name('role', k, 'name', 2),
  CASE WHEN k < 21 THEN 'DT' WHEN k < 25 THEN 'MT' WHEN k < 28 THEN 'ST' WHEN k < 30 THEN 'DTR' WHEN k = 30 THEN 'SV' WHEN k = 31 THEN 'QC' ELSE 'R' || k END,
  k % 5, k, CASE WHEN k = 31 AND gen.n_i1() > 0 THEN gen.usr_a7(0) WHEN k < 32 THEN gen.tech(k) END, CASE WHEN k < 32 THEN 11 WHEN k < 47 THEN gen.grp(k % 9) END
FROM gen.rows('role') ORDER BY id;

INSERT INTO dispatch_role_permissions (id, role_id, permission_id)
SELECT id, gen.role(d), CASE WHEN cls = 'i3' THEN gen.permission_gap(d) ELSE gen.permission(d / 48 + 4 * (d % 48)) END
FROM gen.rows('role_permission') ORDER BY id;

-- The later classes repeat the first rows, or point to what is missing.
INSERT INTO dispatch_template_products (id, template_id, product_id)
SELECT id, gen.template(d), CASE WHEN cls = 't3' THEN gen.product_gap(d) ELSE gen.product(d + 3 * (d / 169)) END FROM gen.rows('template_product') ORDER BY id;
INSERT INTO dispatch_template_edit_roles (id, template_id, role_id)
SELECT id, gen.template(d), CASE WHEN cls = 't5' THEN gen.role_gap(d) ELSE gen.role(d + 3 * (d / 169)) END FROM gen.rows('template_edit_role') ORDER BY id;
INSERT INTO dispatch_template_view_roles (id, template_id, role_id)
SELECT id, gen.template(d), gen.role(d + 3 * (d / 169)) FROM gen.rows('template_view_role') ORDER BY id;
INSERT INTO dispatch_template_view_groups (id, template_id, group_id)
SELECT id, gen.template(d), CASE WHEN cls = 't7' THEN 10 ELSE gen.grp(d + 3 * (d / 169)) END FROM gen.rows('template_view_group') ORDER BY id;

INSERT INTO dispatch_template_predecessors (id, from_template_id, to_template_id)
SELECT id,
  CASE WHEN cls = 't8' THEN gen.template(5) WHEN d < 168 THEN gen.template(d) WHEN d < 187 THEN gen.template(d - 168) ELSE gen.template(1) END,
  CASE WHEN cls = 't8' THEN gen.template(5) WHEN d < 168 THEN gen.template(d + 1) WHEN d < 187 THEN gen.template(d - 166) ELSE gen.template(0) END
FROM gen.rows('template_predecessor') ORDER BY id;
