package litesql

import (
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A Cast is what pt_cast does: from a stored value of From to our own form of To.
type Cast struct {
	From    schema.Type
	Storage schema.Storage
	To      schema.Type
}

// An Own is what pt_own does: from an imported column's value to our own form of its type.
type Own struct {
	Type    schema.Type
	Storage schema.Storage
}

// storage is how an operand's value comes out of the table.
func storage(o *plan.Operand) schema.Storage {
	if o.Column == nil || len(o.Path) > 0 {
		return schema.OwnStorage
	}
	return o.Column.Storage
}

// operand is a column, or a place inside its JSON, as it is stored. A place in JSON comes out as text: of ->> the value's, of -> JSON
// in the form of json or jsonb.
func (c *compiler) operand(o *plan.Operand) string {
	if o.Column == nil {
		return c.fail(notYet("computed columns"))
	}
	col := column(o.Alias, o.Column)
	if len(o.Path) == 0 {
		return col
	}
	name := "pt_get"
	switch last := o.Path[len(o.Path)-1]; {
	case last.Text:
		name = "pt_get_text"
	case o.Column.Type.Kind() != schema.JSON || o.Column.Type.Array:
		name = "pt_get_jsonb"
	}
	args := []string{col}
	for _, s := range o.Path {
		as := Key
		if s.Index {
			as = Index
		}
		args = append(args, c.bind(Bind{As: as, Arg: s.Arg}))
	}
	return name + "(" + join(args, ", ") + ")"
}

// outForm is how an operand is written.
func outForm(o *plan.Operand) Form {
	if n := len(o.Path); n > 0 {
		if o.Path[n-1].Text {
			return Form{Kind: Text, Type: o.Type}
		}
		return Form{Kind: JSON, Type: o.Type}
	}
	return formOf(o.Type, storage(o))
}

// An expression is a value in SQL, and how it is stored.
type expression struct {
	sql     string
	typ     schema.Type
	storage schema.Storage
	json    bool // a place in JSON: text already
}

func (c *compiler) expression(o *plan.Operand) expression {
	return expression{sql: c.operand(o), typ: o.Type, storage: storage(o), json: len(o.Path) > 0}
}

// A comparable is an expression made fit for SQL's comparison operators.
type comparable struct {
	sql     string
	collate string         // " COLLATE pt_x", or nothing
	as      BindAs         // how a value is bound that is held against it
	storage schema.Storage // in which form
	typ     schema.Type
}

// compared makes an expression comparable. ordered asks for less and greater too, not only for equal.
func (c *compiler) compared(o expression, ordered bool) comparable {
	x := comparable{sql: o.sql, storage: o.storage, typ: o.typ}
	if o.typ.Array {
		x.collate = " COLLATE pt_array"
		return x
	}
	b := o.typ.Kind()
	switch x.storage {
	case schema.OwnStorage:
	case schema.StoreText, schema.StoreJulian:
		if isTime(b) || b == schema.Numeric || b == schema.Bool {
			x.sql = "pt_own(" + c.spec(&Own{Type: o.typ, Storage: x.storage}) + ", " + x.sql + ")"
			x.storage = schema.OwnStorage
		}
	case schema.StoreNative:
		if isTime(b) || b == schema.Bool {
			x.sql = "pt_own(" + c.spec(&Own{Type: o.typ, Storage: x.storage}) + ", " + x.sql + ")"
			x.storage = schema.OwnStorage
		}
	}
	switch b {
	case schema.Numeric:
		if x.storage == schema.OwnStorage {
			x.collate = " COLLATE pt_numeric"
		}
	case schema.Text:
		if o.typ.Name == "citext" {
			x.collate = " COLLATE pt_citext"
		}
	case schema.TimeTZ:
		x.collate = " COLLATE pt_timetz"
	case schema.Interval:
		x.collate = " COLLATE pt_interval"
	case schema.JSON, schema.JSONB, schema.CompositeBase:
		if !o.json {
			x.sql = "pt_json(" + x.sql + ")"
		}
		x.storage = schema.StoreText // JSON text rather than a JSONB blob
		x.collate = " COLLATE pt_jsonb"
	case schema.EnumBase:
		if ordered && o.typ.Enum != nil {
			x.sql = "pt_rank(" + c.spec(o.typ.Enum) + ", " + x.sql + ")"
			x.as = Rank
		}
	}
	return x
}

// value binds an argument to be held against x.
func (c *compiler) value(x comparable, arg int) string {
	return c.bind(Bind{As: x.as, Arg: arg, Type: x.typ, Storage: x.storage})
}

// list binds a list of arguments to be held against x, as a JSON array.
func (c *compiler) list(x comparable, arg int) string {
	as := List
	switch {
	case x.as == Rank:
		as = Ranks
	case x.typ.Kind() == schema.Bytea && !x.typ.Array:
		as = HexList
	}
	return c.bind(Bind{As: as, Arg: arg, Type: x.typ, Storage: x.storage})
}

// text is an expression as PostgreSQL's text, for patterns.
func (c *compiler) text(o expression) string {
	if b := o.typ.Kind(); (b == schema.Text || b == schema.EnumBase) && !o.typ.Array {
		return o.sql
	}
	return c.toText(o)
}

var textType = schema.Type{Base: schema.Text, Name: "text"}

func (c *compiler) toText(o expression) string {
	return "pt_cast(" + c.spec(&Cast{From: o.typ, Storage: o.storage, To: textType}) + ", " + o.sql + ")"
}

// asText is an expression cast to text, to be compared as such.
func (c *compiler) asText(o expression) expression {
	if o.typ.Array || o.typ.Kind() != schema.EnumBase && (o.typ.Kind() != schema.Text || o.typ.Name != "text" && o.typ.Name != "character varying") {
		o.sql = c.toText(o)
	}
	return expression{sql: o.sql, typ: textType}
}

// sorted is one term of ORDER BY by a value of q's rows, or of a joined row, which may be missing.
func (c *compiler) sorted(o *plan.Operand, joined bool, dir query.Direction, nulls query.Nulls) string {
	return term(c.compared(c.expression(o), true), !joined && len(o.Path) == 0 && neverNull(o.Column), dir, nulls)
}

// term is one term of ORDER BY.
func term(x comparable, filled bool, dir query.Direction, nulls query.Nulls) string {
	sql := x.sql + x.collate
	desc := dir == query.Desc
	if desc {
		sql += " DESC"
	}
	if nulls == query.NullsDefault {
		nulls = query.NullsLast
		if desc {
			nulls = query.NullsFirst
		}
	}
	// SQLite takes nulls for the smallest. Where none can stand, saying nothing lets it use an index.
	switch {
	case filled:
	case nulls == query.NullsLast && !desc:
		sql += " NULLS LAST"
	case nulls == query.NullsFirst && desc:
		sql += " NULLS FIRST"
	}
	return sql
}

// neverNull says that a column of a row that is there holds a value.
func neverNull(c *schema.Column) bool {
	if c == nil {
		return false
	}
	return c.NotNull
}
