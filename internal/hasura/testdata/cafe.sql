CREATE TABLE kind (value text PRIMARY KEY, comment text);
CREATE TABLE drink (
  id integer PRIMARY KEY, name text NOT NULL, kind text NOT NULL REFERENCES kind, price numeric(6,2) NOT NULL CHECK (price > 0),
  better_id integer REFERENCES drink, "odd-name" text, data jsonb, tags text[]
);
CREATE TABLE guest (id integer PRIMARY KEY, name text);
CREATE TABLE sale (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, guest_id integer REFERENCES guest ON DELETE SET NULL,
  drink_id integer NOT NULL REFERENCES drink, waiter_id integer REFERENCES guest, at timestamptz DEFAULT now()
);
CREATE VIEW cheap AS SELECT drink.id, drink.name, drink.price FROM drink WHERE drink.price < 3;
CREATE FUNCTION drink_label(d drink) RETURNS text LANGUAGE sql STABLE AS $$ SELECT d.name || ' ' || d.price $$;
CREATE FUNCTION most_sold(most integer) RETURNS SETOF drink LANGUAGE sql STABLE AS $$ SELECT d.* FROM drink d LIMIT most $$;
CREATE SCHEMA back;
CREATE TYPE back.unit AS ENUM ('kg', 'l');
CREATE TABLE back.stock (shelf integer, place integer, drink_id integer REFERENCES public.drink, amount numeric, unit back.unit, PRIMARY KEY (shelf, place));
CREATE TABLE back.count (id integer PRIMARY KEY, shelf integer, place integer, FOREIGN KEY (shelf, place) REFERENCES back.stock);
CREATE FUNCTION back.stock_label(s back.stock) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT s.amount::text $$;
