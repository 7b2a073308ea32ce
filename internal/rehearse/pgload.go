package rehearse

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// copyRows is how many rows one COPY holds.
const copyRows = 5000

// load puts the rows of a table in by COPY. Rows that its constraints refuse are found by halving, and counted; a table that refuses too many is
// given up.
func (d *pgShadow) load(ctx context.Context, st *shadowTable, tell func(rows int64)) error {
	l := &pgLoad{shadow: d, table: st}
	var names []string
	for _, c := range st.stored() {
		l.columns = append(l.columns, c)
		l.types = append(l.types, c.Type.WithoutDomains())
		names = append(names, quoted(c.Name))
	}
	l.sql = "COPY " + d.table(st.table.Name) + " (" + strings.Join(names, ", ") + ") FROM STDIN"
	for from := int64(0); from < st.rows; from += copyRows {
		to := min(from+copyRows, st.rows)
		if err := l.copy(ctx, from, to); err != nil {
			return err
		}
		tell(to - from)
		if d.lost[st.table.Name] = float64(l.refused) / float64(to); d.lost[st.table.Name] > 2*lostMost {
			tell(st.rows - to)
			return nil
		}
	}
	return nil
}

// A pgLoad is one table on its way in.
type pgLoad struct {
	shadow  *pgShadow
	table   *shadowTable
	columns []*schema.Column
	types   []schema.Type
	sql     string
	refused int64
	buf     []byte
}

func (l *pgLoad) copy(ctx context.Context, from, to int64) error {
	l.buf = l.buf[:0]
	for row := from; row < to; row++ {
		for i, c := range l.columns {
			if i > 0 {
				l.buf = append(l.buf, '\t')
			}
			l.buf = appendField(l.buf, l.types[i], l.table.value(c.Position, row))
		}
		l.buf = append(l.buf, '\n')
	}
	_, err := l.shadow.conn.PgConn().CopyFrom(ctx, bytes.NewReader(l.buf), l.sql)
	var e *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e) || !strings.HasPrefix(e.Code, "23") && !strings.HasPrefix(e.Code, "22"):
		return err
	case to-from == 1:
		l.refused++
		return nil
	case l.refused > copyRows/2: // enough is known
		l.refused += to - from
		return nil
	}
	half := (from + to) / 2
	if err := l.copy(ctx, from, half); err != nil {
		return err
	}
	return l.copy(ctx, half, to)
}

// appendField writes a value in the text form of PostgreSQL's COPY.
func appendField(dst []byte, t schema.Type, v any) []byte {
	if v == nil {
		return append(dst, `\N`...)
	}
	for _, c := range value.AppendText(nil, t, v, nil) {
		switch c {
		case '\\', '\t', '\n', '\r':
			dst = append(dst, '\\', map[byte]byte{'\\': '\\', '\t': 't', '\n': 'n', '\r': 'r'}[c])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
