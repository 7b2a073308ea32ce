package graphql

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"

	pg "github.com/pintail-dev/pintail/internal/value"
)

// insert lowers insert_t and insert_t_one.
func (l *lowering) insert(f *chosen, at *place) (query.Query, part, error) {
	q := &query.Insert{Into: f.field.Table.Name, Default: true, End: query.End{Rollback: l.o.Rollback}}
	args := at.below("args")
	rows := &rowSet{}
	for _, a := range f.field.Args {
		in, here := f.arg(l, a.Name), args.below(a.Name)
		var err error
		switch a.Is {
		case ArgObjects, ArgObject:
			err = l.objects(rows, l.types.Type(a.Type.Name()), in, here, above{many: a.Is == ArgObjects})
		case ArgOnConflict:
			q.Conflict, err = l.onConflict(l.types.Type(a.Type.Name()), in, here)
		}
		if err != nil {
			return nil, part{}, err
		}
	}
	if err := l.fill(q, rows); err != nil {
		return nil, part{}, err
	}
	var err error
	var p part
	if f.field.Is == RootInsertOne {
		p.kind = partOne
		q.Returning = &query.Select{}
		q.Returning.Items, err = l.items(l.types.Type(f.field.Type.Name()), f.sets(), at, "")
		return q, p, err
	}
	q.Returning, p, err = l.response(f, at)
	return q, p, err
}

// A rowSet gathers the rows of one table that go in together, and those of related tables that go in with them.
type rowSet struct {
	columns []string
	pieces  []piece
	parents []int // to which of the rows above each belongs
	rows    int
	nested  []*nestedSet
}

// A nestedSet are the related rows of one relation that have one on_conflict.
type nestedSet struct {
	rowSet
	relation *schema.Relation
	conflict *query.Conflict
	said     string // the conflict's text
}

// above is what rows belong to.
type above struct {
	row   int              // of the set above
	gives []*schema.Column // what that row gives to them
	many  bool             // there may be several
}

// objects adds the rows that an input gives: a list of objects, or one.
func (l *lowering) objects(set *rowSet, t *Type, in input, at *place, of above) error {
	if in.lit == nil {
		l.again = true
	}
	if !of.many && in.kind() == kindList {
		return refusal(at.String(), ValidationFailed, "expected an object for type '%s', but found a list", t.Name)
	}
	for i, one := range l.vars.items(in) {
		if one.lit == nil {
			l.again = true
		}
		here := at
		if of.many {
			here = at.at(i)
		}
		relations, own, err := l.insertRow(set, t, one, here, of.row)
		if err == nil {
			err = determined(relations, own, of.gives, at.at(i))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// insertRow adds one row. It gives the relations that have rows of their own in it, and the columns that it sets itself.
func (l *lowering) insertRow(set *rowSet, t *Type, in input, at *place, parent int) (relations []*schema.Relation, own []string, err error) {
	if in.kind() != kindObject {
		return nil, nil, refusal(at.String(), ValidationFailed, "expected an object for type '%s', but found %s", t.Name, in.kind().said())
	}
	row := set.rows
	set.rows++
	set.parents = append(set.parents, parent)
	if row > 0 {
		set.text(",")
	}
	set.text("{")
	for key, of := range l.vars.members(in) {
		f, err := l.field(t, key, at)
		if err != nil {
			return nil, nil, err
		}
		here := at.below(key)
		if f.Is == KeyRelation {
			if of.kind() == kindNull {
				continue
			}
			given, err := l.nest(set, row, f, of, here)
			if err != nil {
				return nil, nil, err
			}
			if given {
				relations = append(relations, f.Relation)
			}
			continue
		}
		if len(own) > 0 {
			set.text(",")
		}
		own = append(own, f.Column.Name)
		if !slices.Contains(set.columns, f.Column.Name) {
			set.columns = append(set.columns, f.Column.Name)
		}
		set.text(string(pg.AppendJSONString(nil, f.Column.Name)) + ":")
		if err := l.columnPiece(set, f, of, here); err != nil {
			return nil, nil, err
		}
	}
	set.text("}")
	return relations, own, nil
}

// columnPiece writes a column's value: at once where it is the same in every request.
func (l *lowering) columnPiece(set *rowSet, f *Field, in input, at *place) error {
	c := l.conversion(f.Type, f.Column.Type, at)
	text, err := c.column(nil, l.vars, in, c.path)
	if err != nil {
		return err
	}
	if in.fixed() || l.again {
		set.text(string(text))
		return nil
	}
	set.pieces = append(set.pieces, piece{in: in, conversion: c})
	return nil
}

// text adds to the rows' JSON.
func (s *rowSet) text(t string) {
	if n := len(s.pieces); n > 0 && s.pieces[n-1].text != "" && len(s.pieces[n-1].text) < 4096 {
		s.pieces[n-1].text += t
		return
	}
	s.pieces = append(s.pieces, piece{text: t})
}

// determined refuses columns that are given twice: by themselves, by the row above, or by a related row that goes in first.
func determined(relations []*schema.Relation, own []string, above []*schema.Column, at *place) error {
	both := func(columns []*schema.Column, given []string) string {
		var names []string
		for _, c := range columns {
			if slices.Contains(given, c.Name) {
				names = append(names, strconv.Quote(c.Name))
			}
		}
		return strings.Join(names, ", ")
	}
	if names := both(above, own); names != "" {
		return refusal(at.String(), ValidationFailed, "cannot insert %s columns as their values are already being determined by parent insert", names)
	}
	given := slices.Clone(own)
	for _, c := range above {
		given = append(given, c.Name)
	}
	for _, r := range relations {
		if names := both(r.Columns, given); refers(r) && names != "" {
			return refusal(at.below(r.Name).String(), ValidationFailed,
				"cannot insert object relationship \"%s\" as %s column values are already determined", r.Name, names)
		}
	}
	return nil
}

// refers says whether rows hold the key of the related row, which goes in before them then.
func refers(r *schema.Relation) bool { return !r.Many && !r.Inverse }

// nest adds the related rows of a row; it is false where there are none.
func (l *lowering) nest(set *rowSet, row int, f *Field, in input, at *place) (bool, error) {
	t := l.types.Type(f.Type.Name())
	if err := l.object(t, in, at); err != nil {
		return false, err
	}
	var data, onConflict input
	var dataType *Type
	var conflict *query.Conflict
	for key, of := range l.vars.members(in) {
		k, err := l.field(t, key, at)
		if err != nil {
			return false, err
		}
		switch k.Is {
		case KeyData:
			data, dataType = of, l.types.Type(k.Type.Name())
		case ArgOnConflict:
			onConflict = of
			if conflict, err = l.onConflict(l.types.Type(k.Type.Name()), of, at.below(key)); err != nil {
				return false, err
			}
		}
	}
	if dataType == nil {
		return false, refusal(at.String(), ValidationFailed, "missing required field 'data'")
	}
	n := set.under(f.Relation, conflict, l.source(onConflict))
	before, of := n.rows, above{row: row, many: f.Relation.Many}
	if !refers(f.Relation) {
		of.gives = f.Relation.References
	}
	err := l.objects(&n.rowSet, dataType, data, at.below("data"), of)
	return n.rows > before, err
}

// source says where an on_conflict takes values from that may differ in the next request: two that say the same now, one of
// $a and one of $b, must not share their rows in an operation that is kept. It is empty where the next request can't differ.
func (l *lowering) source(in input) string {
	switch {
	case in.fixed() || l.again:
		return ""
	case in.from == nil:
		return "literal " + strconv.Itoa(in.lit.Position.Start)
	}
	dst := strconv.AppendInt([]byte("variable "), int64(in.from.variable), 10)
	for _, s := range in.from.steps {
		dst = strconv.AppendInt(append(strconv.AppendQuote(dst, s.key), ' '), int64(s.index), 10)
	}
	return string(dst)
}

// under finds the related rows that a relation and an on_conflict have together, or begins them. source is where the
// on_conflict's values come from.
func (s *rowSet) under(r *schema.Relation, c *query.Conflict, source string) *nestedSet {
	said := source + "\x00"
	if c != nil {
		said += strings.Join(append([]string{c.Constraint}, c.Update...), "\x00") + "\x00\x00" + query.ExprText(c.Where)
	}
	for _, n := range s.nested {
		if n.relation == r && n.said == said {
			return n
		}
	}
	n := &nestedSet{relation: r, conflict: c, said: said}
	s.nested = append(s.nested, n)
	return n
}

// fill gives an insert its rows.
func (l *lowering) fill(q *query.Insert, set *rowSet) error {
	slices.Sort(set.columns)
	q.Columns = set.columns
	pieces := slices.Concat([]piece{{text: "["}}, set.pieces, []piece{{text: "]"}})
	var err error
	if q.Rows, err = l.pieced(pieces); err != nil {
		return err
	}
	for _, n := range set.nested {
		if n.rows == 0 {
			continue
		}
		inner := &query.Insert{Default: true, Conflict: n.conflict}
		if err := l.fill(inner, &n.rowSet); err != nil {
			return err
		}
		q.Nested = append(q.Nested, query.Nested{Relation: n.relation.Name, Insert: inner, Parents: query.Text(numbers(n.parents))})
	}
	return nil
}

// numbers writes a JSON list.
func numbers(of []int) string {
	dst := []byte{'['}
	for i, n := range of {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(n), 10)
	}
	return string(append(dst, ']'))
}

// onConflict lowers {constraint, update_columns, where}. Without columns to update, rows whose key is taken are left out.
func (l *lowering) onConflict(t *Type, in input, at *place) (*query.Conflict, error) {
	if !in.there() || in.kind() == kindNull {
		return nil, nil
	}
	if err := l.object(t, in, at); err != nil {
		return nil, err
	}
	c := &query.Conflict{}
	for key, of := range l.vars.members(in) {
		f, err := l.field(t, key, at)
		if err != nil {
			return nil, err
		}
		here := at.below(key)
		named := l.types.Type(f.Type.Name())
		switch f.Is {
		case KeyConstraint:
			names := conversion{named: named}
			if _, err := names.enum(of, here.String()); err != nil {
				return nil, err
			}
			c.Constraint = enumValue(named, of.text()).Key.Name
		case KeyUpdateColumns:
			list, err := l.columns(f.Type, of, here)
			if err != nil {
				return nil, err
			}
			for _, field := range list {
				c.Update = append(c.Update, field.Column)
			}
		case KeyWhere, ArgWhere:
			if of.kind() == kindNull {
				continue
			}
			if c.Where, err = l.where(named, of, here); err != nil {
				return nil, err
			}
		}
	}
	if c.Constraint == "" {
		return nil, refusal(at.String(), ValidationFailed, "missing required field 'constraint'")
	}
	if c.Ignore = len(c.Update) == 0; c.Ignore {
		c.Where = nil
	}
	return c, nil
}
