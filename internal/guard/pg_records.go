package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// recordTime bounds each statement on a record.
const recordTime = 5 * time.Second

// pgRecords keeps incidents in _pintail.incidents, which `apply` makes; in the memory of this process where that isn't there, or where
// the role may not write it.
type pgRecords struct {
	p      *Postgres
	memory Records
}

// Records is where incidents are kept.
func (p *Postgres) Records() Records { return p.records }

// Open gives the incident of the same loss, made from i where there is none. A unique index over open ones lets one process make it.
func (r *pgRecords) Open(ctx context.Context, i Incident) (Incident, error) {
	out := i
	err := r.write(ctx, func(tx pgx.Tx) error {
		var text string
		err := tx.QueryRow(ctx, `SELECT body::text FROM _pintail.incidents WHERE subject = $1 ORDER BY ended, id DESC LIMIT 1`, i.Subject).Scan(&text)
		if err == nil {
			var last Incident
			if err := json.Unmarshal([]byte(text), &last); err != nil {
				return fmt.Errorf("read an incident: %w", err)
			}
			if last.tells(&i) {
				out = last
				return nil
			}
		} else if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		body, err := json.Marshal(i)
		if err != nil {
			return err
		}
		const insert = `INSERT INTO _pintail.incidents (id, subject, ended, body) VALUES ($1, $2, false, $3::text::jsonb)
			ON CONFLICT (subject) WHERE NOT ended DO NOTHING`
		tag, err := tx.Exec(ctx, insert, i.ID, i.Subject, string(body))
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 1 {
			_, err = tx.Exec(ctx, `DELETE FROM _pintail.incidents WHERE ended AND id < (SELECT id FROM _pintail.incidents ORDER BY id DESC OFFSET $1::int LIMIT 1)`, recordsMax-1)
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT body::text FROM _pintail.incidents WHERE subject = $1 AND NOT ended`, i.Subject).Scan(&text); err != nil {
			return err
		}
		return json.Unmarshal([]byte(text), &out)
	})
	if absent(err) {
		return r.memory.Open(ctx, i)
	}
	return out, err
}

// Save writes an incident's newer state.
func (r *pgRecords) Save(ctx context.Context, i Incident) error {
	err := r.write(ctx, func(tx pgx.Tx) error {
		body, err := json.Marshal(i)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO _pintail.incidents (id, subject, ended, body) VALUES ($1, $2, $3::text::bool, $4::text::jsonb)
			ON CONFLICT (id) DO UPDATE SET ended = excluded.ended, body = excluded.body - 'shed' - 'shapes'
				|| (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(incidents.body) WHERE key IN ('shed', 'shapes'))
			WHERE NOT incidents.ended`, i.ID, i.Subject, fmt.Sprint(i.State.Ended()), string(body))
		return err
	})
	if absent(err) {
		return r.memory.Save(ctx, i)
	}
	return err
}

// Add counts refused requests.
func (r *pgRecords) Add(ctx context.Context, id string, refused int64, shapes []string) (out Incident, err error) {
	err = r.write(ctx, func(tx pgx.Tx) error {
		var text string
		err := tx.QueryRow(ctx, `SELECT body::text FROM _pintail.incidents WHERE id = $1 FOR UPDATE`, id).Scan(&text)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err == nil {
			err = json.Unmarshal([]byte(text), &out)
		}
		if err != nil || refused == 0 {
			return err
		}
		out.counted(refused, shapes)
		body, err := json.Marshal(out)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE _pintail.incidents SET body = $2::text::jsonb WHERE id = $1`, id, string(body))
		return err
	})
	if absent(err) {
		return r.memory.Add(ctx, id, refused, shapes)
	}
	return out, err
}

// List gives what is open, and the newest of what has ended.
func (r *pgRecords) List(ctx context.Context, ended int) ([]Incident, error) {
	var out []Incident
	err := r.write(ctx, func(tx pgx.Tx) error {
		const list = `SELECT body::text FROM (SELECT id, body FROM _pintail.incidents WHERE NOT ended
			UNION ALL (SELECT id, body FROM _pintail.incidents WHERE ended ORDER BY id DESC LIMIT $1::int)) AS i ORDER BY id DESC`
		rows, err := tx.Query(ctx, list, ended)
		if err != nil {
			return err
		}
		var text string
		_, err = pgx.ForEachRow(rows, []any{&text}, func() error {
			var i Incident
			if err := json.Unmarshal([]byte(text), &i); err != nil {
				return fmt.Errorf("read an incident: %w", err)
			}
			out = append(out, i)
			return nil
		})
		return err
	})
	if absent(err) {
		return r.memory.List(ctx, ended)
	}
	return out, err
}

// Where says where they are kept.
func (r *pgRecords) Where() string {
	return "_pintail.incidents, where `apply` made it; else the memory of this process"
}

// write runs f in a transaction of its own.
func (r *pgRecords) write(ctx context.Context, f func(pgx.Tx) error) error {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	if err := r.p.reach(ctx); err != nil {
		return err
	}
	tx, err := r.p.conn.Begin(ctx)
	if err == nil {
		_, err = tx.Exec(ctx, "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true)", fmt.Sprint(recordTime.Milliseconds()))
		if err == nil {
			err = f(tx)
		}
		if err == nil {
			return tx.Commit(ctx)
		}
		err = errors.Join(err, rollback(ctx, tx))
	}
	r.p.settle(err)
	return err
}

// absent says whether Pintail's tables aren't there, or aren't for this role.
func absent(err error) bool {
	switch sqlState(err) {
	case "42P01", "3F000", "42501", "25006", "42P10":
		return true
	}
	return false
}
