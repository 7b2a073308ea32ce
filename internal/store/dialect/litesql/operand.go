package litesql

import (
	"strings"

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
	case base(o.Column.Type) != schema.JSON || o.Column.Type.Array:
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

// A comparable is an operand made fit for SQL's comparison operators.
type comparable struct {
	sql     string
	collate string         // " COLLATE pt_x", or nothing
	as      BindAs         // how a value is bound that is held against it
	storage schema.Storage // in which form
	typ     schema.Type
}

// compared makes an operand comparable. ordered asks for less and greater too, not only for equal.
func (c *compiler) compared(o *plan.Operand, ordered bool) comparable {
	x := comparable{sql: c.operand(o), storage: storage(o), typ: o.Type}
	if o.Type.Array {
		x.collate = " COLLATE pt_array"
		return x
	}
	b := base(o.Type)
	switch x.storage {
	case schema.OwnStorage:
	case schema.StoreText, schema.StoreJulian:
		if isTime(b) || b == schema.Numeric || b == schema.Bool {
			x.sql = "pt_own(" + c.spec(&Own{Type: o.Type, Storage: x.storage}) + ", " + x.sql + ")"
			x.storage = schema.OwnStorage
		}
	case schema.StoreNative:
		if isTime(b) || b == schema.Bool {
			x.sql = "pt_own(" + c.spec(&Own{Type: o.Type, Storage: x.storage}) + ", " + x.sql + ")"
			x.storage = schema.OwnStorage
		}
	}
	switch b {
	case schema.Numeric:
		if x.storage == schema.OwnStorage {
			x.collate = " COLLATE pt_numeric"
		}
	case schema.Text:
		if o.Type.Name == "citext" {
			x.collate = " COLLATE pt_citext"
		}
	case schema.TimeTZ:
		x.collate = " COLLATE pt_timetz"
	case schema.Interval:
		x.collate = " COLLATE pt_interval"
	case schema.JSON, schema.JSONB, schema.CompositeBase:
		if len(o.Path) == 0 {
			x.sql = "pt_json(" + x.sql + ")"
		}
		x.storage = schema.StoreText // JSON text rather than a JSONB blob
		x.collate = " COLLATE pt_jsonb"
	case schema.EnumBase:
		if ordered && o.Type.Enum != nil {
			x.sql = "pt_rank(" + c.spec(o.Type.Enum) + ", " + x.sql + ")"
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
	case base(x.typ) == schema.Bytea && !x.typ.Array:
		as = HexList
	}
	return c.bind(Bind{As: as, Arg: arg, Type: x.typ, Storage: x.storage})
}

// text is an operand as PostgreSQL's text, for patterns.
func (c *compiler) text(o *plan.Operand) string {
	sql := c.operand(o)
	if n := len(o.Path); n > 0 && o.Path[n-1].Text {
		return sql
	}
	if b := base(o.Type); (b == schema.Text || b == schema.EnumBase) && !o.Type.Array {
		return sql
	}
	return "pt_cast(" + c.spec(&Cast{From: o.Type, Storage: storage(o), To: schema.Type{Base: schema.Text, Name: "text"}}) + ", " + sql + ")"
}

// sorted is one term of ORDER BY.
func (c *compiler) sorted(o *plan.Operand, sql string, dir query.Direction, nulls query.Nulls) string {
	x := c.compared(o, true)
	if sql != "" {
		x.sql = strings.Replace(sql, "\x00", x.sql, 1)
	}
	term := x.sql + x.collate
	desc := dir == query.Desc
	if desc {
		term += " DESC"
	}
	if nulls == query.NullsDefault {
		nulls = query.NullsLast
		if desc {
			nulls = query.NullsFirst
		}
	}
	// SQLite takes nulls for the smallest. Where none can stand, saying nothing lets it use an index.
	switch {
	case sql == "" && len(o.Path) == 0 && neverNull(o.Column):
	case nulls == query.NullsLast && !desc:
		term += " NULLS LAST"
	case nulls == query.NullsFirst && desc:
		term += " NULLS FIRST"
	}
	return term
}

// neverNull says that a column of a row that is there holds a value.
func neverNull(c *schema.Column) bool {
	if c == nil {
		return false
	}
	return c.NotNull
}
