-- What PostgreSQL has and the shop hasn't: functions, computed fields, types of extensions, composite types.
CREATE TYPE place AS (street text, zip int);
CREATE TABLE author (
  id int PRIMARY KEY,
  name text NOT NULL UNIQUE,
  home place,
  info jsonb
);
CREATE TABLE article (
  id int PRIMARY KEY,
  title text NOT NULL,
  rating int,
  author_id int REFERENCES author
);
INSERT INTO author VALUES (1, 'Ada', ROW('Main', 1), '{"city": "Bern"}'), (2, 'Bob', NULL, NULL);
INSERT INTO article VALUES (1, 'sit amet', 1, 1), (2, 'a nibh', 4, 1), (3, 'congue', 5, 2), (4, 'orphan', 3, NULL);

CREATE FUNCTION search_articles(search text, min_rating int DEFAULT 0) RETURNS SETOF article LANGUAGE sql STABLE AS $$
  SELECT * FROM article WHERE title LIKE '%' || search || '%' AND rating >= min_rating $$;
CREATE FUNCTION unnamed(search text, int DEFAULT 10, boolean DEFAULT false) RETURNS SETOF article LANGUAGE sql STABLE AS $$
  SELECT * FROM article WHERE title LIKE '%' || search || '%' AND (author_id IS NULL) = $3 LIMIT $2 $$;
CREATE FUNCTION numbered(int) RETURNS SETOF article LANGUAGE sql STABLE AS $$ SELECT * FROM article WHERE id = $1 $$;
CREATE FUNCTION one_article(wanted int) RETURNS article LANGUAGE sql STABLE AS $$ SELECT * FROM article WHERE id = wanted $$;
CREATE FUNCTION rate(wanted int, by_n int DEFAULT 1) RETURNS SETOF article LANGUAGE sql AS $$
  UPDATE article SET rating = rating + by_n WHERE id = wanted RETURNING * $$;

CREATE FUNCTION shout(a author) RETURNS text LANGUAGE sql STABLE AS $$ SELECT upper(a.name) $$;
CREATE FUNCTION greet(a author, greeting text, mark text DEFAULT '!') RETURNS text LANGUAGE sql STABLE AS $$ SELECT greeting || ' ' || a.name || mark $$;
CREATE FUNCTION facts(author, int) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT jsonb_build_object('id', $1.id, 'n', ARRAY[$2, $2 + 1]) $$;
CREATE FUNCTION rated(a author, lowest int) RETURNS SETOF article LANGUAGE sql STABLE AS $$
  SELECT * FROM article WHERE author_id = a.id AND rating >= lowest $$;

CREATE EXTENSION ltree;
CREATE TABLE topic (id int PRIMARY KEY, path ltree);
INSERT INTO topic VALUES (1, 'Top'), (2, 'Top.Science'), (3, 'Top.Science.Astronomy'), (4, 'Top.Hobbies'), (5, NULL);
