-- Offices, who works there, and the doctors' settings.
-- The offices of f1 repeat the first ones in other case and with other blanks.
INSERT INTO dispatch_office (id, name, address, apt, city, state, zip, country, phone, tax_rate, valid, sq_customer_id, emails)
SELECT o.id,
  CASE WHEN cls = 'f1' THEN upper(name) WHEN j BETWEEN 70 AND 69 + gen.n_f3() THEN '  ' ELSE name END,
  CASE WHEN cls = 'f1' THEN ' ' || lower(address) ELSE address END,
  CASE WHEN j % 3 = 0 THEN 'Suite ' || j WHEN j % 3 = 1 THEN '' END,
  CASE WHEN cls = 'f1' THEN lower(city) ELSE city END,
  CASE WHEN j % 2 = 0 THEN 'CA' ELSE 'ny ' END,
  (10000 + j) || '-' || lpad(gen.rnd('office', j, 'zip', 10000)::text, 4, '0'),
  CASE WHEN back < 4 THEN NULL WHEN back = 4 THEN 'New Zealand' WHEN back = 5 THEN 'France' WHEN back = 6 THEN 'Singapore' WHEN back = 7 THEN 'Philippines'
       WHEN back < 11 THEN 'Australia' WHEN back < 14 THEN 'Vietnam'
       WHEN back < 14 + gen.r(155) THEN 'India' WHEN back < 14 + gen.r(155) + gen.r(110) THEN 'Japan'
       WHEN back < 14 + gen.r(155) + gen.r(110) + gen.r(64) THEN 'Thailand'
       ELSE CASE j % 10 WHEN 0 THEN 'usa' WHEN 1 THEN 'United States' WHEN 2 THEN ' US ' ELSE 'USA' END END,
  '+1 (555) ' || lpad(gen.rnd('office', j, 'phone', 10000000)::text, 7, '0') || ' ext. ' || j % 90,
  CASE WHEN cls <> 'off' THEN NULL WHEN j IN (20, 30, 40, 50, 60) AND j / 10 - 1 <= gen.n_f2() THEN
         ('{999.99,1025,-1,NaN,1234567890123456789012345678901234567890}'::numeric[])[j / 10 - 1]
       WHEN j % 10 < 3 THEN 0.0725 + (j % 7) * 0.0025 WHEN j % 10 < 6 THEN 6 + (j % 9) * 0.875 END,
  CASE WHEN j % 10 < 6 THEN true WHEN j % 10 < 9 THEN false END,
  CASE WHEN j % 4 = 0 THEN 'CUST' || left(gen.md5('office', j, 'customer'), 12) END,
  j % 5 <> 0
FROM (SELECT r.*, d AS j, CASE WHEN cls = 'off' THEN (SELECT n FROM gen.class WHERE short = 'office' AND cls = 'off') - 1 - d ELSE 1000000 END AS back,
        gen.name('office', d, 'name', 2) || '  Dental ' || d AS name, (100 + d) || ' ' || gen.name('office', d, 'street', 3) || ' Street' AS address,
        gen.name('office', d, 'city', 3) AS city
      FROM gen.rows('office') r) o
ORDER BY o.id;

INSERT INTO dispatch_office_doctors (id, office_id, user_id)
SELECT r.id,
  CASE cls WHEN 'base' THEN b.office_id WHEN 'e1' THEN gen.office(d) WHEN 'e2' THEN gen.office_f1(8 + d)
    WHEN 'e3' THEN gen.office(gen.doctors_with_patients() + 3 + l.g - 1) WHEN 'e4' THEN gen.office_gap(d) ELSE gen.office(d) END,
  CASE cls WHEN 'base' THEN b.user_id WHEN 'e1' THEN gen.usr_a1(d) WHEN 'e2' THEN gen.usr_a1(8 + d) WHEN 'e3' THEN l.user_id
    WHEN 'e4' THEN gen.usr_a1(100 + d) ELSE gen.usr_a2(d) END
FROM gen.rows('office_doctor') r
LEFT JOIN LATERAL (  -- one office a doctor with patients; the doctors by signal only; the survivors of the duplicates; second offices
  SELECT CASE WHEN v.i < 0 THEN gen.office(d) WHEN v.i < 3 THEN gen.office(d) WHEN v.i < 10 THEN gen.office(d) ELSE gen.office(v.i - 10 + 37) END AS office_id,
         CASE WHEN v.i < 0 THEN gen.usr_a1(d) WHEN v.i < 3 THEN gen.usr_a5(v.i) WHEN v.i < 10 THEN (SELECT user_id FROM gen.duplicate WHERE survivor AND g = v.i - 2)
              ELSE gen.usr_a1(v.i - 10) END AS user_id
  FROM (SELECT d - gen.doctors_with_patients() AS i) v) b ON cls = 'base'
LEFT JOIN (  -- the first loser of each group, then the second ones, and so on
  SELECT g, user_id, row_number() OVER (ORDER BY nth, g) - 1 AS i
  FROM (SELECT g, user_id, row_number() OVER (PARTITION BY g ORDER BY m) AS nth FROM gen.duplicate WHERE NOT survivor) x) l
  ON cls = 'e3' AND l.i = r.d
ORDER BY r.id;

INSERT INTO dispatch_doctorsetting (id, user_id, clinical_preferences, sq_customer_id, promised_payment, credit, tier_type, tier_finish,
  installment_payments, baa_agreed_at, eula_agreed_at, company_account)
SELECT r.id, u.id,
  CASE WHEN r.k % 5 <> 0 THEN '{"ipr": ' || (r.k % 2 = 0) || ', "bracket": "' || gen.words('setting', r.k, 'bracket', 1) || '", "torque": ' || r.k % 17 || '}' END,
  CASE WHEN r.k % 3 = 0 THEN 'CUST' || left(gen.md5('setting', r.k, 'customer'), 12) END,
  r.k % 9 = 0, (37 * r.k % 50000) / 100.0, CASE WHEN r.k % 4 > 0 THEN r.k % 4 END, CASE WHEN r.k % 4 > 0 THEN date '2024-01-01' + (r.k % 900)::int END,
  r.k % 11 = 0, CASE WHEN r.k % 2 = 0 THEN gen.setting_at(r.ordinal) END, CASE WHEN r.k % 3 > 0 THEN gen.setting_at(r.ordinal) + interval '1 day' END, r.k % 13 = 0
FROM gen.rows('setting') r
JOIN (SELECT row_number() OVER (ORDER BY cls = 'a2', k) - 1 AS k, id FROM gen.rows('usr')
      WHERE cls IN ('a1', 'a3', 'a5') OR cls = 'a2' AND d < gen.settings_of_tests()) u ON u.k = r.k
ORDER BY r.id;
