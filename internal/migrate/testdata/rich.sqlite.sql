CREATE TABLE [Customer] (
  [CustomerId] INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  [e-mail] NVARCHAR(80) NOT NULL COLLATE NOCASE UNIQUE,
  Parent INT REFERENCES customer ON DELETE SET NULL, -- a comment, with a comma
  joined DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  seen TIMESTAMP DEFAULT '2020-01-02 03:04:05',
  born DATE /* when, not where */ DEFAULT (date('now')),
  token UUID,
  score DOUBLE PRECISION DEFAULT -1.5,
  active BOOLEAN NOT NULL DEFAULT 1,
  price NUMERIC(10,2) DEFAULT 0.50 CHECK (price >= 0),
  doc JSON DEFAULT '{}',
  raw BLOB DEFAULT X'00ff',
  anything,
  upper_mail TEXT GENERATED ALWAYS AS (upper([e-mail])) VIRTUAL,
  length INT AS (length([e-mail])) STORED,
  unix_at TIMESTAMP,
  zoned_at DATETIME,
  odd_at DATETIME,
  CONSTRAINT mail_form CHECK ([e-mail] LIKE '%@%'),
  CONSTRAINT both CHECK ((active AND score > -10) OR Parent IS NOT NULL),
  CHECK (length(token) > 3)
);
INSERT INTO Customer ("e-mail", unix_at, zoned_at, odd_at) VALUES ('a@b', 1700000000, '2024-01-01T00:00:00Z', 'some day');
CREATE TABLE "order" (
  id INTEGER, line INTEGER NOT NULL DEFAULT (1 + 1), customer_id INTEGER NOT NULL, payer_id INTEGER,
  PRIMARY KEY (id, line),
  CONSTRAINT buyer FOREIGN KEY (customer_id) REFERENCES Customer (CustomerId) ON UPDATE CASCADE ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED,
  FOREIGN KEY (payer_id) REFERENCES Customer (CustomerId)
) WITHOUT ROWID;
CREATE TABLE strict_one (id INT PRIMARY KEY NOT NULL, t TEXT, r REAL, a ANY) STRICT;
CREATE INDEX by_payer ON "order" (payer_id DESC, id) WHERE payer_id IS NOT NULL AND line > 3;
CREATE INDEX by_lower ON Customer (lower("e-mail"));
CREATE INDEX by_mail ON Customer ("e-mail" COLLATE BINARY);
CREATE UNIQUE INDEX one_score ON Customer (score) WHERE active = 1;
CREATE VIEW b_orders AS SELECT o.id, o.line, o.customer_id AS who, c."e-mail", o.line * 2 AS twice FROM "order" o JOIN Customer c ON c.CustomerId = o.customer_id;
CREATE VIEW a_open AS SELECT * FROM b_orders WHERE line > 0;
CREATE TRIGGER stamp AFTER UPDATE ON Customer BEGIN UPDATE Customer SET score = 1 WHERE CustomerId = new.CustomerId; SELECT CASE WHEN 1 THEN 2 END; END;
CREATE TRIGGER into_view INSTEAD OF INSERT ON a_open BEGIN INSERT INTO "order" (id, customer_id) VALUES (new.id, new.who); END;
