package guard

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// hashed is a short name for a text.
func hashed(text string) string {
	if text == "" {
		return "nothing"
	}
	h := fnv.New64a()
	h.Write([]byte(text))
	return fmt.Sprintf("%016x", h.Sum64())
}

// liteStats are a file's statistics as they were when all was well. DROP INDEX takes an index's with it.
type liteStats struct {
	version int
	at      time.Time
	ones    []stat1
	fours   []stat4
}

// A stat1 and a stat4 are rows of sqlite_stat1 and sqlite_stat4 (sqlite.org/fileformat2.html, section 2.6).
type stat1 struct{ table, index, stat string }

type stat4 struct {
	table, index, neq, nlt, ndlt string
	sample                       []byte
}

const (
	// statsAge is how often statistics are read again.
	statsAge = time.Minute

	// statsMax bounds the rows of each kind that are kept.
	statsMax = 20_000
)

// refresh reads statistics. What is gone stays as it was.
func (s *liteStats) refresh(c *sqlite3.Conn, now bool) error {
	if !now && time.Since(s.at) < statsAge {
		return nil
	}
	s.at = time.Now()
	has := map[string]bool{}
	err := liteEach(c, "SELECT name FROM sqlite_schema WHERE name IN ('sqlite_stat1', 'sqlite_stat4')", func(st *sqlite3.Stmt) { has[st.ColumnText(0)] = true })
	var ones []stat1
	var fours []stat4
	if err == nil && has["sqlite_stat1"] {
		err = liteEach(c, fmt.Sprintf("SELECT tbl, coalesce(idx, ''), coalesce(stat, '') FROM sqlite_stat1 LIMIT %d", statsMax), func(st *sqlite3.Stmt) {
			ones = append(ones, stat1{st.ColumnText(0), st.ColumnText(1), st.ColumnText(2)})
		})
	}
	if err == nil && has["sqlite_stat4"] {
		err = liteEach(c, fmt.Sprintf("SELECT tbl, idx, neq, nlt, ndlt, sample FROM sqlite_stat4 LIMIT %d", statsMax), func(st *sqlite3.Stmt) {
			fours = append(fours, stat4{st.ColumnText(0), st.ColumnText(1), st.ColumnText(2), st.ColumnText(3), st.ColumnText(4), st.ColumnBlob(5, nil)})
		})
	}
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, o := range ones {
		known[o.index] = true
	}
	for _, o := range s.ones {
		if !known[o.index] && len(ones) < statsMax {
			ones = append(ones, o)
		}
	}
	sampled := map[string]bool{}
	for _, f := range fours {
		sampled[f.index] = true
	}
	for _, f := range s.fours {
		if !known[f.index] && !sampled[f.index] && len(fours) < statsMax {
			fours = append(fours, f)
		}
	}
	if slices.Equal(ones, s.ones) && slices.EqualFunc(fours, s.fours, func(a, b stat4) bool {
		return a.table == b.table && a.index == b.index && a.neq == b.neq && a.nlt == b.nlt && a.ndlt == b.ndlt && string(a.sample) == string(b.sample)
	}) {
		return nil
	}
	s.ones, s.fours = ones, fours
	s.version++
	return nil
}

// write puts them into an empty copy.
func (s *liteStats) write(c *sqlite3.Conn) error {
	if err := c.Exec("ANALYZE; DELETE FROM sqlite_stat1; DELETE FROM sqlite_stat4"); err != nil {
		return err
	}
	if err := s.put(c, ""); err != nil {
		return err
	}
	return c.Exec("ANALYZE sqlite_schema") // reads them
}

// put writes the statistics of one index, or with an empty name of all. The tables must be there.
func (s *liteStats) put(c *sqlite3.Conn, index string) error {
	one, _, err := c.Prepare("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?1, nullif(?2, ''), ?3)")
	if err != nil {
		return err
	}
	defer one.Close()
	for _, o := range s.ones {
		if index != "" && o.index != index {
			continue
		}
		if err := bindTexts(one, o.table, o.index, o.stat); err != nil {
			return err
		}
	}
	four, _, err := c.Prepare("INSERT INTO sqlite_stat4 (tbl, idx, neq, nlt, ndlt, sample) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
	if err != nil {
		return err
	}
	defer four.Close()
	for _, f := range s.fours {
		if index != "" && f.index != index {
			continue
		}
		if err := four.BindBlob(6, f.sample); err != nil {
			return err
		}
		if err := bindTexts(four, f.table, f.index, f.neq, f.nlt, f.ndlt); err != nil {
			return err
		}
	}
	return nil
}

// bindTexts runs a statement with texts for its first parameters.
func bindTexts(st *sqlite3.Stmt, texts ...string) error {
	for i, t := range texts {
		if err := st.BindText(i+1, t); err != nil {
			return err
		}
	}
	return st.Exec()
}
