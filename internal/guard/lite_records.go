package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
)

// liteRecords keeps incidents in the table that `apply` made for them, or where there is none, in the same table of a file of its own
// beside the database.
type liteRecords struct {
	l *Lite

	inside atomic.Bool // the table was there when somebody last looked

	mu     sync.Mutex
	beside *sqlite.Beside // of the file of its own; nil until it is needed
}

// recordsEnd ends the name of the file beside the database.
const recordsEnd = ".guard"

func newLiteRecords(l *Lite) *liteRecords { return &liteRecords{l: l} }

func (r *liteRecords) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.beside == nil {
		return nil
	}
	return r.beside.Close()
}

// Where says where they are, as last seen: a status must not wait for the database.
func (r *liteRecords) Where() string {
	if r.inside.Load() {
		return "the table " + migrate.IncidentTable
	}
	return "the file " + r.l.config.Path + recordsEnd
}

// own says whether `apply` made the table. Where that can't be found out now, nothing may be kept elsewhere: other processes wouldn't see it.
func (r *liteRecords) own(ctx context.Context) (own bool, err error) {
	err = r.l.live.Do(ctx, lookLimit, func(c *sqlite3.Conn) error {
		return liteEach(c, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '"+migrate.IncidentTable+"'", func(*sqlite3.Stmt) { own = true })
	})
	if err == nil {
		r.inside.Store(own)
	}
	return own, err
}

// do runs f on whichever has the table. Writing waits for the database's writer, which makes room.
func (r *liteRecords) do(ctx context.Context, write bool, f func(*sqlite3.Conn) error) error {
	own, err := r.own(ctx)
	if err != nil {
		return err
	}
	if own {
		if !write {
			return r.l.live.Do(ctx, lookLimit, f)
		}
		release, err := r.l.hold(ctx)
		if err != nil {
			return err
		}
		defer release()
		return r.l.live.Do(ctx, recordLimit, f)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.beside == nil {
		path := r.l.config.Path + recordsEnd
		if _, err := os.Stat(path); err != nil && !write {
			return nil // nothing was ever written
		}
		made, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
		if err != nil {
			return err
		}
		if err := errors.Join(made.Exec(migrate.IncidentDDL), made.Close()); err != nil {
			return err
		}
		if r.beside, err = sqlite.OpenBeside(path, ""); err != nil {
			return err
		}
	}
	return r.beside.Do(ctx, recordLimit, f)
}

// recordLimit bounds one write of a record.
const recordLimit = 10 * time.Second

// Open makes the record, or gives the one that is open.
func (r *liteRecords) Open(ctx context.Context, i Incident) (kept Incident, err error) {
	i.Touched = time.Now()
	text, err := json.Marshal(i)
	if err != nil {
		return i, err
	}
	kept = i
	err = r.do(ctx, true, func(c *sqlite3.Conn) error {
		if err := c.Exec("BEGIN IMMEDIATE"); err != nil {
			return err
		}
		found := false
		var decoded error
		err := liteBound(c, "SELECT record FROM "+migrate.IncidentTable+" WHERE subject = ?1 ORDER BY ended IS NOT NULL, id DESC LIMIT 1", []string{i.Subject}, func(st *sqlite3.Stmt) {
			var last Incident
			decoded = json.Unmarshal(st.ColumnBlob(0, nil), &last)
			if last.tells(&i) {
				found, kept = true, last
			}
		})
		if err = errors.Join(err, decoded); err != nil || found {
			return err
		}
		if err := liteBound(c, "INSERT INTO "+migrate.IncidentTable+" (id, subject, record) VALUES (?1, ?2, ?3)", []string{i.ID, i.Subject, string(text)}, nil); err != nil {
			return err
		}
		return c.Exec(fmt.Sprintf("DELETE FROM %s WHERE ended IS NOT NULL AND id < (SELECT id FROM %s ORDER BY id DESC LIMIT 1 OFFSET %d); COMMIT", migrate.IncidentTable, migrate.IncidentTable, recordsMax-1))
	})
	return kept, err
}

// Save writes a record over.
func (r *liteRecords) Save(ctx context.Context, i Incident) error {
	text, err := json.Marshal(i)
	if err != nil {
		return err
	}
	ended := ""
	if i.State.Ended() {
		ended = i.Ended.UTC().Format(time.RFC3339)
	}
	return r.do(ctx, true, func(c *sqlite3.Conn) error {
		return liteBound(c, saveLite, []string{i.ID, i.Subject, string(text), ended}, nil)
	})
}

// saveLite leaves alone what was refused, and what has ended.
const saveLite = "INSERT INTO " + migrate.IncidentTable + " AS i (id, subject, record, ended) VALUES (?1, ?2, ?3, nullif(?4, '')) ON CONFLICT (id) DO UPDATE SET ended = excluded.ended, " +
	"record = json_set(excluded.record, '$.shed', json_extract(i.record, '$.shed'), '$.shapes', json_extract(i.record, '$.shapes')) WHERE i.ended IS NULL"

// Add counts refused requests.
func (r *liteRecords) Add(ctx context.Context, id string, refused int64, shapes []string) (out Incident, err error) {
	err = r.do(ctx, true, func(c *sqlite3.Conn) error {
		if err := c.Exec("BEGIN IMMEDIATE"); err != nil {
			return err
		}
		var decoded error
		err := liteBound(c, "SELECT record FROM "+migrate.IncidentTable+" WHERE id = ?1", []string{id}, func(st *sqlite3.Stmt) {
			decoded = json.Unmarshal(st.ColumnBlob(0, nil), &out)
		})
		if err = errors.Join(err, decoded); err != nil || out.ID == "" || refused == 0 {
			return err
		}
		out.counted(refused, shapes)
		text, err := json.Marshal(out)
		if err != nil {
			return err
		}
		if err := liteBound(c, "UPDATE "+migrate.IncidentTable+" SET record = ?2 WHERE id = ?1", []string{id, string(text)}, nil); err != nil {
			return err
		}
		return c.Exec("COMMIT")
	})
	return out, err
}

// listLite reads what is open, and the newest of what has ended.
const listLite = "SELECT record FROM (SELECT id, record FROM " + migrate.IncidentTable + " WHERE ended IS NULL UNION ALL SELECT * FROM (" +
	"SELECT id, record FROM " + migrate.IncidentTable + " WHERE ended IS NOT NULL ORDER BY id DESC LIMIT %d)) ORDER BY id DESC"

// List reads them.
func (r *liteRecords) List(ctx context.Context, ended int) (out []Incident, err error) {
	err = r.do(ctx, false, func(c *sqlite3.Conn) error {
		var bad error
		err := liteEach(c, fmt.Sprintf(listLite, ended), func(st *sqlite3.Stmt) {
			var i Incident
			if err := json.Unmarshal(st.ColumnBlob(0, nil), &i); err != nil {
				bad = fmt.Errorf("a record of the guard can't be read: %w", err)
				return
			}
			out = append(out, i)
		})
		return errors.Join(err, bad)
	})
	return out, err
}

// liteBound runs a statement with texts for parameters, and calls f for each row.
func liteBound(c *sqlite3.Conn, sql string, texts []string, f func(*sqlite3.Stmt)) error {
	st, _, err := c.Prepare(sql)
	if err != nil {
		return err
	}
	defer st.Close()
	for i, t := range texts {
		if err := st.BindText(i+1, t); err != nil {
			return err
		}
	}
	for st.Step() {
		if f != nil {
			f(st)
		}
	}
	return st.Err()
}
