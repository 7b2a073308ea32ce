//go:build unix

package value

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/schema"
)

// oracle is a PostgreSQL to hold answers against.
type oracle struct {
	conn *pgx.Conn
}

func newOracle(t testing.TB) *oracle {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(ctx) })
	o := &oracle{conn}
	o.exec(t, "SET timezone = 'UTC'; CREATE TYPE order_status AS ENUM ('open', 'paid', 'Served up'); SET jit = off")
	o.exec(t, `CREATE EXTENSION IF NOT EXISTS citext`)
	return o
}

func (o *oracle) exec(t testing.TB, sql string) {
	t.Helper()
	if _, err := o.conn.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

// answer is what PostgreSQL or Pintail makes of a text.
type answer struct {
	text, json string
	null       bool
	fault      string // code, message, details and hint
}

func (a answer) String() string {
	switch {
	case a.fault != "":
		return a.fault
	case a.null:
		return "null"
	}
	return a.text + "  as JSON " + a.json
}

// ask runs a query that gives a text and a JSON text.
func (o *oracle) ask(sql string, args ...any) (answer, error) {
	var text, js *string
	err := o.conn.QueryRow(context.Background(), sql, args...).Scan(&text, &js)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg):
		return answer{fault: faultText(pg.Code, pg.Message, pg.Detail, pg.Hint)}, nil
	case err != nil:
		return answer{}, err
	case text == nil:
		return answer{null: true}, nil
	}
	return answer{text: *text, json: *js}, nil
}

func faultText(code, message, details, hint string) string {
	return fmt.Sprintf("%s %s [%s] [%s]", code, message, details, hint)
}

// ours gives Pintail's answer.
func ours(t schema.Type, v any, err error) answer {
	if err != nil {
		f := fault.From(err)
		return answer{fault: faultText(string(f.Code), f.Message, f.Details, f.Hint)}
	}
	if v == nil {
		return answer{null: true}
	}
	return answer{text: string(AppendText(nil, t, v, nil)), json: string(AppendJSON(nil, t, v, nil))}
}

// typ makes a type from PostgreSQL's name for it.
func typ(name string) schema.Type {
	t := schema.Type{Name: name}
	if s, ok := strings.CutSuffix(t.Name, "[]"); ok {
		t.Name, t.Array = s, true
	}
	if i := strings.IndexByte(t.Name, '('); i >= 0 {
		end := strings.IndexByte(t.Name, ')')
		t.Modifier = t.Name[i : end+1]
		t.Name = t.Name[:i] + t.Name[end+1:]
	}
	t.Base = map[string]schema.Base{
		"boolean": schema.Bool, "smallint": schema.Int2, "integer": schema.Int4, "bigint": schema.Int8,
		"real": schema.Float4, "double precision": schema.Float8, "numeric": schema.Numeric,
		"text": schema.Text, "character varying": schema.Text, "character": schema.Text, "name": schema.Text,
		`"char"`: schema.Text, "citext": schema.Text, "bpchar": schema.Text,
		"uuid": schema.UUID, "date": schema.Date,
		"time without time zone": schema.Time, "time with time zone": schema.TimeTZ,
		"timestamp without time zone": schema.Timestamp, "timestamp with time zone": schema.TimestampTZ,
		"interval": schema.Interval, "json": schema.JSON, "jsonb": schema.JSONB, "bytea": schema.Bytea,
		"order_status": schema.EnumBase,
	}[t.Name]
	if t.Base == schema.EnumBase {
		t.Enum = &schema.Enum{Name: schema.Name{Name: "order_status"}, Values: []schema.EnumValue{{Value: "open"}, {Value: "paid"}, {Value: "Served up"}}}
	}
	return t
}

// sqlName writes a type for SQL: the modifier stands inside "timestamp(3) with time zone".
func sqlName(t schema.Type) string {
	name := t.Name
	if head, tail, ok := strings.Cut(name, " with"); ok && t.Modifier != "" {
		name = head + t.Modifier + " with" + tail
	} else {
		name += t.Modifier
	}
	if t.Array {
		name += "[]"
	}
	return name
}

// known says whether a difference is one that docs/quirks.md tells of: years beyond 1 to 9999, arrays' bounds, large exponents.
func known(t schema.Type, theirs, ours answer) bool {
	if t.Array && strings.HasPrefix(theirs.text, "[") && theirs.json == ours.json {
		return true // bounds that don't start at 1 are not kept
	}
	switch t.Base {
	case schema.Numeric, schema.JSON, schema.JSONB:
		return strings.Contains(ours.fault, "value overflows numeric format") && (len(theirs.text) > zerosMax || theirs.fault != "")
	case schema.Date, schema.Timestamp, schema.TimestampTZ:
		if !strings.Contains(ours.fault, "out of range") || theirs.fault != "" && !t.Array {
			return false
		}
		if theirs.fault != "" {
			return true // of another element
		}
		if strings.HasSuffix(theirs.text, " BC") || strings.Contains(theirs.text, " BC\"") || strings.Contains(theirs.text, " BC,") {
			return true
		}
		year, _, _ := strings.Cut(strings.Trim(theirs.text, `{"`), "-")
		return len(year) > 4
	}
	return false
}

// TestParseAsPostgreSQL holds Parse, AppendText and AppendJSON against PostgreSQL's input and output functions.
func TestParseAsPostgreSQL(t *testing.T) {
	o := newOracle(t)
	for name, texts := range inputs {
		t.Run(name, func(t *testing.T) {
			tt := typ(name)
			bad := 0
			for _, s := range texts {
				if !o.same(t, tt, s) {
					if bad++; bad > 40 {
						t.Fatal("and more")
					}
				}
			}
		})
	}
}

// same checks one text, once as a text and once inside JSON.
func (o *oracle) same(t *testing.T, tt schema.Type, s string) bool {
	t.Helper()
	ok := true
	v, err := Parse(tt, s)
	mine := ours(tt, v, err)
	js, _ := json.Marshal(s)
	js = []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(js)))
	theirs, err := o.ask(fmt.Sprintf("SELECT c::text, to_json(c)::text FROM json_to_recordset($1::text::json) AS x(c %s)", sqlName(tt)),
		`[{"c":`+string(js)+`}]`)
	if err != nil {
		t.Fatal(err)
	}
	if tt.Base == schema.JSON || tt.Base == schema.JSONB {
		if theirs, err = o.ask(fmt.Sprintf("SELECT c::text, to_json(c)::text FROM (SELECT $1::text::%s AS c) x", sqlName(tt)), s); err != nil {
			t.Fatal(err)
		}
	}
	if tt.Name == "character" || tt.Name == "bpchar" {
		theirs.text = strings.Trim(theirs.json, `"`) // a cast to text takes the blanks away
		mine.text = strings.Trim(mine.json, `"`)
	}
	if tt.Base == schema.Bool && !tt.Array && theirs.fault == "" {
		theirs.text = map[string]string{"true": "t", "false": "f"}[theirs.text] // the cast's words, not the output's
	}
	if mine != theirs && !known(tt, theirs, mine) {
		t.Errorf("%s of %q:\n  Pintail    %v\n  PostgreSQL %v", sqlName(tt), s, mine, theirs)
		ok = false
	}
	if again, err := o.ask(fmt.Sprintf("SELECT c::text, to_json(c)::text FROM (SELECT $1::text::%s AS c) x", sqlName(tt)), mine.text); err != nil {
		t.Fatal(err)
	} else if mine.fault == "" && again.fault == "" { // PostgreSQL itself can't read all that it writes
		again, err := Parse(tt, mine.text)
		if err != nil || ours(tt, again, nil) != mine && tt.Name != "character" {
			t.Errorf("%s of %q: %q is read back as %v, %v", sqlName(tt), s, mine.text, again, err)
			ok = false
		}
	}
	return ok
}
