-- Payments and their shop orders, purchases, card operations, offers, discounts. Every sum is known: gen.spread.
INSERT INTO dispatch_order (id, course_id) SELECT id, (ARRAY[1, 2, 3, 4, 7, 8])[1 + k % 6] FROM gen.rows('shop_order') ORDER BY id;

CREATE TABLE gen.paid AS  -- cents of the payments that have a purchase, by their index
  SELECT d, gen.spread(d, n, 113277, 93000, least(n, gen.r(557))) AS subtotal, gen.spread(d, n, 1126, 1100, least(n, gen.r(408))) AS tax
  FROM (SELECT gen.size('3701s60') AS n) s, generate_series(0, n - 1) d;

INSERT INTO dispatch_payment (id, made_at, free, paid, canceled, tax_rate, tax_value, paid_price, subtotal_price, total_price, used_credit, additional_price, custom_price,
  installments, netsuite, instruction_id, order_id, doctor_id, office_id)
SELECT y.id, gen.payment_at(ordinal), y.cls = 'free', is_paid, y.cls = 'y9',
  CASE WHEN p.d IS NULL THEN 0 ELSE round(p.tax::numeric / p.subtotal, 4) END, v.tax, CASE WHEN is_paid THEN v.subtotal + v.tax ELSE 0 END, v.subtotal, v.subtotal + v.tax, 0, 0,
  CASE WHEN y.cls = 'free' AND y.d - gen.n_y4() - gen.n_y5() - gen.n_y6() BETWEEN 0 AND gen.n_y7() - 1 THEN numeric 'NaN' WHEN y.k % 50 = 7 THEN 100 + y.k % 400 END,
  CASE WHEN y.cls = 'free' AND y.d < gen.n_y4() THEN gen.broken_json(y.d) WHEN y.k % 3 = 0 THEN '{}' WHEN y.k % 3 = 1 THEN '{"count": ' || y.k % 12 || ', "day": ' || y.k % 28 || '}' END,
  y.k % 4 = 0, y.instruction, CASE WHEN y.cls = 'paid' THEN gen.shop_order(y.d) END,
  CASE WHEN y.l < 0 THEN gen.doc(y.d) WHEN y.cls = 'free' AND y.d - gen.n_y4() BETWEEN 0 AND gen.n_y5() - 1 THEN gen.usr_gap(y.d) ELSE u.id END,
  CASE WHEN y.l < 0 THEN gen.office(y.d) WHEN y.cls = 'free' AND y.d - gen.n_y4() - gen.n_y5() BETWEEN 0 AND gen.n_y6() - 1 THEN gen.office_gap(y.d) ELSE o.id END
FROM (SELECT r.*, r.cls IN ('y1', 'y2', 'y3', 'paid', 'y8') AS is_paid,
        CASE r.cls WHEN 'y1' THEN NULL WHEN 'y2' THEN gen.instruction_gap(r.d) WHEN 'y3' THEN gen.bad_instruction(0) ELSE gen.instruction(r.x) END AS instruction
      FROM gen.rows('payment') r) y
LEFT JOIN gen.paid p ON y.cls = 'paid' AND p.d = y.d
LEFT JOIN dispatch_instruction i ON i.id = y.instruction LEFT JOIN dispatch_patient c ON c.id = i.patient_id
LEFT JOIN auth_user u ON u.id = c.doctor_id LEFT JOIN dispatch_office o ON o.id = c.office_id
CROSS JOIN LATERAL (SELECT CASE y.cls WHEN 'paid' THEN p.subtotal * 0.01 WHEN 'y8' THEN -125.50 WHEN 'y9' THEN 150.00 WHEN 'y10' THEN 320.00 WHEN 'free' THEN 0 ELSE 249.99 END AS subtotal,
  coalesce(p.tax * 0.01, 0) AS tax) v
ORDER BY y.id;

INSERT INTO dispatch_purchase (id, quantity, price, order_id, product_id)
SELECT r.id, q.quantity, p.subtotal * 0.01 / q.quantity, gen.shop_order(r.k), CASE WHEN r.k % 300 <> 299 THEN gen.product(r.k % 10) END
FROM gen.rows('purchase') r JOIN gen.paid p ON p.d = r.k, LATERAL (SELECT CASE WHEN r.k % 10 = 0 AND p.subtotal % 2 = 0 THEN 2 ELSE 1 END AS quantity) q ORDER BY r.id;

INSERT INTO dispatch_operation (id, type, made_at, price, sq_order_id, sq_payment_id, sq_refund_id, card_brand, card_bin, card_last, office_card, payment_id, attempts)
SELECT r.id, CASE cls WHEN 'ref' THEN 2 WHEN 'q3' THEN 9 WHEN 'pay' THEN CASE WHEN r.d % 330 <> 329 THEN 1 END ELSE 1 END, gen.operation_at(ordinal),
  CASE cls WHEN 'q1' THEN 249.99 WHEN 'q2' THEN 10.00 WHEN 'q3' THEN 10.00 WHEN 'pay' THEN (p.subtotal + p.tax) * 0.01 ELSE 100.00 + r.d END,
  'O' || left(gen.md5('operation', k, 'order'), 20), 'P' || left(gen.md5('operation', k, 'payment'), 20), CASE WHEN cls = 'ref' THEN 'R' || left(gen.md5('operation', k, 'refund'), 20) END,
  (ARRAY['VISA', 'MASTERCARD', 'AMEX'])[1 + k % 3], lpad(gen.rnd('operation', k, 'bin', 1000000)::text, 6, '0'), lpad(gen.rnd('operation', k, 'last', 10000)::text, 4, '0'),
  k % 10 = 0, CASE cls WHEN 'q1' THEN gen.payment_y1(r.d) WHEN 'q2' THEN gen.payment_gap(r.d) ELSE gen.payment_paid(r.d) END, 1 + (k % 3)::int
FROM gen.rows('operation') r LEFT JOIN gen.paid p ON r.cls = 'pay' AND p.d = r.d ORDER BY r.id;

INSERT INTO dispatch_offer (id, doctor_id, product_id, price_both, price_upper, price_lower)
SELECT id, CASE cls WHEN 'a' THEN gen.doc(d) WHEN 'b' THEN gen.doc_without(d) WHEN 'v1' THEN gen.usr_gap(d) END,
  CASE WHEN cls = 'a' AND d < gen.n_v3() THEN gen.product_gap(d) ELSE gen.product(d % 10) END, price, price * 6 / 10, price * 6 / 10
FROM gen.rows('offer') r, (SELECT gen.size('393s20') AS n) a,
  LATERAL (SELECT CASE WHEN r.cls = 'a' THEN gen.spread(r.d, a.n, 931, 932, least(a.n, gen.r(119))) ELSE 803 END AS price) p ORDER BY id;

INSERT INTO dispatch_discount (id, offer_id, percent, reason, count, start, finish, total, used)
SELECT id, CASE WHEN cls = 'w1' THEN gen.offer_v1(d) ELSE gen.offer(d) END, CASE WHEN d % 3 > 0 THEN 100 ELSE 13 + 7 * d % 88 END, gen.words('discount', k, 'reason', 4),
  CASE WHEN k % 4 > 0 THEN k % 20 END, CASE WHEN k % 5 > 0 THEN date '2023-01-01' + k::int END, CASE WHEN k % 5 > 1 THEN date '2025-01-01' + k::int END,
  k % 2 = 0, CASE WHEN k % 6 > 0 THEN k % 7 END
FROM gen.rows('discount') ORDER BY id;
