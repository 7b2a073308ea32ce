-- A record shop such as an older program leaves behind: declared types that SQLite doesn't know, a table that refers to
-- itself, a key of two columns.
CREATE TABLE Artist (ArtistId INTEGER NOT NULL, Name NVARCHAR(120), CONSTRAINT PK_Artist PRIMARY KEY (ArtistId));
CREATE TABLE Album (AlbumId INTEGER NOT NULL, Title NVARCHAR(160) NOT NULL, ArtistId INTEGER NOT NULL,
	CONSTRAINT PK_Album PRIMARY KEY (AlbumId), FOREIGN KEY (ArtistId) REFERENCES Artist (ArtistId));
CREATE TABLE Employee (EmployeeId INTEGER NOT NULL, LastName NVARCHAR(20) NOT NULL, FirstName NVARCHAR(20) NOT NULL, ReportsTo INTEGER,
	HireDate DATETIME, CONSTRAINT PK_Employee PRIMARY KEY (EmployeeId), FOREIGN KEY (ReportsTo) REFERENCES Employee (EmployeeId));
CREATE TABLE Customer (CustomerId INTEGER NOT NULL, LastName NVARCHAR(20) NOT NULL, Company NVARCHAR(80), Country NVARCHAR(40), SupportRepId INTEGER,
	CONSTRAINT PK_Customer PRIMARY KEY (CustomerId), FOREIGN KEY (SupportRepId) REFERENCES Employee (EmployeeId));
CREATE TABLE Genre (GenreId INTEGER NOT NULL, Name NVARCHAR(120), CONSTRAINT PK_Genre PRIMARY KEY (GenreId));
CREATE TABLE Track (TrackId INTEGER NOT NULL, Name NVARCHAR(200) NOT NULL, AlbumId INTEGER, GenreId INTEGER, Composer NVARCHAR(220),
	Milliseconds INTEGER NOT NULL, UnitPrice NUMERIC(10,2) NOT NULL, CONSTRAINT PK_Track PRIMARY KEY (TrackId),
	FOREIGN KEY (AlbumId) REFERENCES Album (AlbumId), FOREIGN KEY (GenreId) REFERENCES Genre (GenreId));
CREATE TABLE Invoice (InvoiceId INTEGER NOT NULL, CustomerId INTEGER NOT NULL, InvoiceDate DATETIME NOT NULL, Total NUMERIC(10,2) NOT NULL,
	CONSTRAINT PK_Invoice PRIMARY KEY (InvoiceId), FOREIGN KEY (CustomerId) REFERENCES Customer (CustomerId));
CREATE TABLE InvoiceLine (InvoiceLineId INTEGER NOT NULL, InvoiceId INTEGER NOT NULL, TrackId INTEGER NOT NULL, UnitPrice NUMERIC(10,2) NOT NULL,
	Quantity INTEGER NOT NULL, CONSTRAINT PK_InvoiceLine PRIMARY KEY (InvoiceLineId),
	FOREIGN KEY (InvoiceId) REFERENCES Invoice (InvoiceId), FOREIGN KEY (TrackId) REFERENCES Track (TrackId));
CREATE TABLE Playlist (PlaylistId INTEGER NOT NULL, Name NVARCHAR(120), CONSTRAINT PK_Playlist PRIMARY KEY (PlaylistId));
CREATE TABLE PlaylistTrack (PlaylistId INTEGER NOT NULL, TrackId INTEGER NOT NULL, CONSTRAINT PK_PlaylistTrack PRIMARY KEY (PlaylistId, TrackId),
	FOREIGN KEY (PlaylistId) REFERENCES Playlist (PlaylistId), FOREIGN KEY (TrackId) REFERENCES Track (TrackId));
CREATE INDEX IFK_TrackAlbumId ON Track (AlbumId);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 30) INSERT INTO Artist SELECT i, CASE i % 3 WHEN 0 THEN 'A' ELSE 'Ü''"' END || i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 60) INSERT INTO Album SELECT i, 'Album (' || i || ')', 1 + i*7 % 25 FROM n;
INSERT INTO Employee VALUES (1,'Ada','A',NULL,'2002-08-14 00:00:00'),(2,'Bo','B',1,'2002-05-01 00:00:00'),(3,'Cy','C',2,'2003-10-17 00:00:00'),(4,'Di','D',2,NULL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 40) INSERT INTO Customer SELECT i, 'Last' || i, CASE WHEN i % 4 = 0 THEN 'Firm ' || i END, CASE i % 3 WHEN 0 THEN 'Brazil' WHEN 1 THEN 'Germany' ELSE 'USA' END, 3 + i % 2 FROM n;
INSERT INTO Genre VALUES (1,'Rock'),(2,'Jazz'),(3,'Metal'),(4,NULL),(5,'Silence');
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 600) INSERT INTO Track SELECT i, CASE WHEN i % 5 = 0 THEN 'Love ' ELSE 'Song ' END || i, 1 + i % 58, 1 + i % 4, CASE WHEN i % 3 > 0 THEN 'Composer ' || (i % 11) END, 1000 * i * 17 % 400000, CASE WHEN i % 9 = 0 THEN 1.99 ELSE 0.99 END FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 200) INSERT INTO Invoice SELECT i, 1 + i*3 % 37, '20' || (20 + i % 5) || '-0' || (1 + i % 9) || '-1' || (i % 10) || ' 00:00:00', round(0.99 * (1 + i % 14), 2) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 900) INSERT INTO InvoiceLine SELECT i, 1 + i % 200, 1 + i*11 % 500, CASE WHEN i % 9 = 0 THEN 1.99 ELSE 0.99 END, 1 + i % 2 FROM n;
INSERT INTO Playlist VALUES (1,'Music'),(2,'Empty'),(3,'Rainy'),(4,'Grunge');
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 300) INSERT INTO PlaylistTrack SELECT CASE WHEN i % 20 = 0 THEN 4 WHEN i % 2 THEN 1 ELSE 3 END, i FROM n;
