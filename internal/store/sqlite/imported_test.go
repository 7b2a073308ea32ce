package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Imported columns keep what their database declares; they read, compare, sort and take new values all the same.
func TestImportedColumns(t *testing.T) {
	const utc = "timestamp with time zone"
	columns := []struct {
		name    string
		typ     schema.Type
		storage schema.Storage
		stored  string // two rows' values as SQL
		later   string
		want    string // as JSON
		wantTwo string
		ask     string // equals the first row's
	}{
		{"unix", schema.Type{Base: schema.TimestampTZ, Name: utc}, schema.StoreUnix, "1577934245", "1577934246.5", `"2020-01-02T03:04:05+00:00"`, `"2020-01-02T03:04:06.5+00:00"`, "2020-01-02 04:04:05+01"},
		{"milli", schema.Type{Base: schema.TimestampTZ, Name: utc}, schema.StoreUnixMilli, "1577934245250", "1577934246000", `"2020-01-02T03:04:05.25+00:00"`, `"2020-01-02T03:04:06+00:00"`, "2020-01-02T03:04:05.25Z"},
		{"julian", schema.Type{Base: schema.Timestamp, Name: "timestamp without time zone"}, schema.StoreJulian, "julianday('2020-01-02 03:04:05')", "julianday('2020-01-03')", `"2020-01-02T03:04:05"`, `"2020-01-03T00:00:00"`, "2020-01-02 03:04:05"},
		{"words", schema.Type{Base: schema.Timestamp, Name: "timestamp without time zone"}, schema.StoreText, "'2009-01-01 00:00:00'", "'2009-01-02T00:00:00.100'", `"2009-01-01T00:00:00"`, `"2009-01-02T00:00:00.1"`, "2009-01-01"},
		{"amount", schema.Type{Base: schema.Numeric, Name: "numeric"}, schema.StoreReal, "0.99", "12", `0.99`, `12`, "0.990"},
		{"whole", schema.Type{Base: schema.Numeric, Name: "numeric"}, schema.StoreInteger, "5", "70", `5`, `70`, "5"},
		{"flag", schema.Type{Base: schema.Bool, Name: "boolean"}, schema.StoreInteger, "0", "1", `false`, `true`, "no"},
		{"any", schema.Type{Base: schema.Text, Name: "text"}, schema.StoreNative, "'a'", "'b'", `"a"`, `"b"`, "a"},
		{"day", schema.Type{Base: schema.Date, Name: "date"}, schema.StoreText, "'2020-01-02'", "'2020-02-01'", `"2020-01-02"`, `"2020-02-01"`, "2020-01-02"},
	}
	table := &schema.Table{Name: schema.Name{Name: "old"}, Columns: []*schema.Column{{Name: "id", Type: bigint, NotNull: true}}}
	create, first, second := "CREATE TABLE old (id INTEGER PRIMARY KEY", "1", "2"
	for _, c := range columns {
		table.Columns = append(table.Columns, &schema.Column{Name: c.name, Type: c.typ, Storage: c.storage})
		create += `, "` + c.name + `"`
		first, second = first+", "+c.stored, second+", "+c.later
	}
	table.Primary = &schema.Key{Name: "old_pkey", Columns: table.Columns[:1]}
	on := &schema.Schema{Default: "public", Exposed: []string{"public"}, Tables: []*schema.Table{table}}
	on.Link()

	path := filepath.Join(t.TempDir(), "old.db")
	c, err := OpenConn(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Exec(create + "); INSERT INTO old VALUES (" + first + "), (" + second + ")"); err != nil {
		t.Fatal(err)
	}
	c.Close()
	db, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &shop{Store: db, schema: on}

	for _, c := range columns {
		sel := func(where query.Expr, order ...query.Order) string {
			return s.read(t, &query.Select{From: table.Name, Items: output(c.name), Where: where, Order: order})
		}
		row := func(want string) string { return `{"` + c.name + `":` + want + `}` }
		both := "[" + row(c.want) + ", \n " + row(c.wantTwo) + "]"
		field := query.Field{Column: c.name}
		if got := sel(nil); got != both {
			t.Errorf("%s: %s, want %s", c.name, got, both)
		}
		if got := sel(&query.Compare{Field: field, Op: query.Eq, Value: query.Text(c.ask)}); got != "["+row(c.want)+"]" {
			t.Errorf("%s eq: %s", c.name, got)
		}
		if got := sel(&query.Compare{Field: field, Op: query.Gt, Value: query.Text(c.ask)}); got != "["+row(c.wantTwo)+"]" {
			t.Errorf("%s gt: %s", c.name, got)
		}
		if got := sel(&query.Compare{Field: field, Op: query.In, Value: query.List([]string{c.ask})}); got != "["+row(c.want)+"]" {
			t.Errorf("%s in: %s", c.name, got)
		}
		if got := sel(nil, query.Order{Field: field, Direction: query.Desc}); got != "["+row(c.wantTwo)+", \n "+row(c.want)+"]" {
			t.Errorf("%s desc: %s", c.name, got)
		}
		up := &query.Update{Table: table.Name, Columns: []string{c.name}, Row: query.Text(`{"` + c.name + `":` + c.want + `}`),
			Where: &query.Compare{Field: query.Field{Column: "id"}, Op: query.Eq, Value: query.Text("2")}, Returning: &query.Select{Items: output(c.name)}}
		res, err := s.Write(context.Background(), s.tx(t, up))
		if err != nil || string(res.Body) != "["+row(c.want)+"]" {
			t.Errorf("%s update: %s %v", c.name, res.Body, err)
		}
		if got := sel(&query.Compare{Field: field, Op: query.Eq, Value: query.Text(c.ask)}); got != "["+row(c.want)+", \n "+row(c.want)+"]" {
			t.Errorf("%s after the update: %s", c.name, got)
		}
	}
}

func TestNamedQuery(t *testing.T) {
	s := openShop(t, Config{}, `;INSERT INTO item (id, title, kind) VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 2)`)
	item, _ := s.schema.TableNamed(query.Name{Name: "item"})
	s.schema.Functions = []*schema.Function{
		{Name: schema.Name{Name: "of_kind"}, Args: []schema.Arg{{Name: "kind", Type: bigint}}, Returns: schema.Returns{SetOf: true, Table: item}, Stable: true,
			Query: &schema.NamedQuery{SQLite: "SELECT * FROM item WHERE kind = :kind"}},
		{Name: schema.Name{Name: "rename"}, Args: []schema.Arg{{Name: "id", Type: bigint}, {Name: "to", Type: text}}, Returns: schema.Returns{Void: true}, Volatile: true,
			Query: &schema.NamedQuery{SQLite: "UPDATE item SET title = :to WHERE id = :id", Writes: true}},
	}
	s.schema.Link()
	call := &query.Call{Function: query.Name{Name: "of_kind"}, Args: []query.Arg{{Name: "kind", Value: query.Text("2")}}, ReadOnly: true,
		Result: &query.Select{Items: output("id", "title"), Order: []query.Order{{Field: query.Field{Column: "id"}, Direction: query.Desc}}}}
	if got := s.read(t, call); got != `[{"id":3,"title":"c"}, `+"\n"+` {"id":2,"title":"b"}]` {
		t.Errorf("got  %s\nwant %s", got, `[{"id":3,"title":"c"}, `+"\n"+` {"id":2,"title":"b"}]`)
	}
	one, two := int64(1), int64(2)
	for most, want := range map[*int64]fault.Code{&one: fault.MaxAffected, &two: ""} {
		call.End.MaxAffected = most
		if _, err := s.write(t, call); code(err) != want {
			t.Errorf("at most %d: %v", *most, err)
		}
	}
	call.End = query.End{Single: true}
	if _, err := s.write(t, call); code(err) != fault.NotSingular {
		t.Error(err)
	}
	rename := &query.Call{Function: query.Name{Name: "rename"}, Args: []query.Arg{{Name: "id", Value: query.Text("1")}, {Name: "to", Value: query.Text("z")}},
		Result: &query.Select{}}
	if res, err := s.write(t, rename); err != nil || res.Affected != 1 {
		t.Errorf("%+v %v", res, err)
	}
	if got := s.read(t, &query.Select{From: item.Name, Items: output("title"), Where: &query.Compare{Field: query.Field{Column: "id"}, Op: query.Eq, Value: query.Text("1")}}); got != `[{"title":"z"}]` {
		t.Errorf("got  %s\nwant %s", got, `[{"title":"z"}]`)
	}
}
