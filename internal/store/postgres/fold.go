package postgres

import (
	"context"
)

// foldSQL looks for a collation that gives all letters their other case, one for one as SQLite's side does if there is one:
// PostgreSQL's own from version 17 on, the C library's, at last ICU's.
const foldSQL = `SELECT c.collname FROM pg_catalog.pg_collation AS c
	JOIN unnest(ARRAY['pg_c_utf8', 'C.utf8', 'C.UTF-8', 'und-x-icu']) WITH ORDINALITY AS wanted(name, place) ON wanted.name = c.collname
	WHERE c.collnamespace = 'pg_catalog'::regnamespace AND c.collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))
	ORDER BY wanted.place LIMIT 1`

// fold gives pgsql.Options' Fold, which the database is asked for once.
func (s *Store) fold(ctx context.Context) (string, error) {
	s.mu.RLock()
	known := s.folds
	s.mu.RUnlock()
	if known != nil {
		return *known, nil
	}
	found := ""
	err := s.with(ctx, always, func(c *conn) error {
		res := c.ExecParams(ctx, foldSQL, nil, nil, nil, nil)
		rows := res.Read()
		if rows.Err == nil && len(rows.Rows) == 1 {
			found = string(rows.Rows[0][0])
		}
		return rows.Err
	})
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folds = &found
	return found, nil
}
