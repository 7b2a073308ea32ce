package graphql

import (
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"

	pg "github.com/pintail-dev/pintail/internal/value"
)

// update lowers update_t and update_t_by_pk.
func (l *lowering) update(f *chosen, at *place) (query.Query, part, error) {
	q := &query.Update{Table: f.field.Table.Name, End: query.End{Rollback: l.o.Rollback}}
	args := at.below("args")
	given := func(name string) input { return f.arg(l, name) }
	if err := l.changes(q, f.field.Args, given, args); err != nil {
		return nil, part{}, err
	}
	var err error
	for _, a := range f.field.Args {
		in := f.arg(l, a.Name)
		switch here := args.below(a.Name); a.Is {
		case ArgWhere:
			q.Where, err = l.where(l.types.Type(a.Type.Name()), in, here)
		case ArgKeyColumns:
			q.Where, err = l.keyObject(l.types.Type(a.Type.Name()), in, here)
		}
		if err != nil {
			return nil, part{}, err
		}
	}
	if f.field.Is == RootUpdateByKey {
		q.Returning = &query.Select{}
		q.Returning.Items, err = l.items(l.types.Type(f.field.Type.Name()), f.sets(), at, "")
		return q, part{kind: partOne}, err
	}
	var p part
	q.Returning, p, err = l.response(f, at)
	return q, p, err
}

// keyObject lowers pk_columns.
func (l *lowering) keyObject(t *Type, in input, at *place) (query.Expr, error) {
	if err := l.object(t, in, at); err != nil {
		return nil, err
	}
	given := map[string]input{}
	for key, of := range l.vars.members(in) {
		if _, err := l.field(t, key, at); err != nil {
			return nil, err
		}
		given[key] = of
	}
	return l.key(t.Fields, func(name string) input { return given[name] }, at)
}

// updateMany lowers update_t_many: one update for each element, in order.
func (l *lowering) updateMany(f *chosen, at *place) ([]query.Query, part, error) {
	returning, p, err := l.response(f, at)
	if err != nil {
		return nil, part{}, err
	}
	var all []query.Query
	for _, a := range f.field.Args {
		if a.Is != ArgUpdates {
			continue
		}
		in, here := f.arg(l, a.Name), at.below("args").below(a.Name)
		t := l.types.Type(a.Type.Name())
		for i, of := range l.vars.items(in) {
			if i == l.o.Limits.UpdatesMax {
				return nil, part{}, refusal(here.String(), ValidationFailed, "more than %d updates at once", l.o.Limits.UpdatesMax)
			}
			q, err := l.oneOfMany(f.field.Table, t, of, here.at(i))
			if err != nil {
				return nil, part{}, err
			}
			q.Returning = returning
			if i > 0 && returning != nil { // each has places of its own among the arguments
				if q.Returning, _, err = l.response(f, at); err != nil {
					return nil, part{}, err
				}
			}
			all = append(all, q)
		}
	}
	p.kind, p.many = partMutation, true
	return all, p, nil
}

func (l *lowering) oneOfMany(table *schema.Table, t *Type, in input, at *place) (*query.Update, error) {
	if err := l.object(t, in, at); err != nil {
		return nil, err
	}
	q := &query.Update{Table: table.Name, End: query.End{Rollback: l.o.Rollback}}
	given := map[string]input{}
	for key, of := range l.vars.members(in) {
		if _, err := l.field(t, key, at); err != nil {
			return nil, err
		}
		given[key] = of
	}
	if err := l.changes(q, t.Fields, func(name string) input { return given[name] }, at); err != nil {
		return nil, err
	}
	for _, f := range t.Fields {
		if f.Is != KeyWhere && f.Is != ArgWhere {
			continue
		}
		var err error
		if q.Where, err = l.where(l.types.Type(f.Type.Name()), given[f.Name], at.below(f.Name)); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// changes lowers _set, _inc and the other operators. Without any, nothing changes and no row is affected, as in Hasura.
func (l *lowering) changes(q *query.Update, fields []*Field, given func(string) input, at *place) error {
	q.Row = query.Text("{}")
	var seen, twice []string
	note := func(c *schema.Column) {
		if slices.Contains(seen, c.Name) && !slices.Contains(twice, c.Name) {
			twice = append(twice, c.Name)
		}
		seen = append(seen, c.Name)
	}
	for _, a := range fields {
		in, here := given(a.Name), at.below(a.Name)
		if a.Is != ArgSet && a.Is != ArgAlter || !in.there() || in.kind() == kindNull {
			continue
		}
		t := l.types.Type(a.Type.Name())
		var err error
		if a.Is == ArgSet {
			err = l.set(q, t, in, here, note)
		} else {
			err = l.alter(q, t, a.Alter, in, here, note)
		}
		if err != nil {
			return err
		}
	}
	if twice != nil {
		slices.Sort(twice)
		return refusal(at.String(), ValidationFailed, "Column found in multiple operators: ['%s'].", strings.Join(twice, "', '"))
	}
	return nil
}

func (l *lowering) set(q *query.Update, t *Type, in input, at *place, note func(*schema.Column)) error {
	if err := l.object(t, in, at); err != nil {
		return err
	}
	row := &rowSet{}
	row.text("{")
	for key, of := range l.vars.members(in) {
		f, err := l.field(t, key, at)
		if err != nil {
			return err
		}
		note(f.Column)
		if len(q.Columns) > 0 {
			row.text(",")
		}
		q.Columns = append(q.Columns, f.Column.Name)
		row.text(string(pg.AppendJSONString(nil, f.Column.Name)) + ":")
		if err := l.columnPiece(row, f, of, at.below(key)); err != nil {
			return err
		}
	}
	row.text("}")
	slices.Sort(q.Columns)
	var err error
	q.Row, err = l.pieced(row.pieces)
	return err
}

func (l *lowering) alter(q *query.Update, t *Type, how query.Alteration, in input, at *place, note func(*schema.Column)) error {
	if err := l.object(t, in, at); err != nil {
		return err
	}
	for key, of := range l.vars.members(in) {
		f, err := l.field(t, key, at)
		if err != nil {
			return err
		}
		note(f.Column)
		c := l.conversion(f.Type, f.Column.Type, at.below(key))
		switch how {
		case query.DeleteKey, query.DeleteElem:
			c.of = schema.Type{Base: schema.Text, Name: "text"}
		case query.DeleteAtPath:
			c.of, c.list = schema.Type{Base: schema.Text, Name: "text"}, true
		}
		if of.kind() == kindNull {
			if how == query.Increment || how == query.DeleteElem || how == query.DeleteAtPath || how == query.DeleteKey {
				return c.unexpected(of, c.path)
			}
		}
		v, err := l.filled(of, c)
		if err != nil {
			return err
		}
		q.Alter = append(q.Alter, query.Alter{Column: f.Column.Name, How: how, Value: v})
	}
	return nil
}

// delete lowers delete_t and delete_t_by_pk.
func (l *lowering) delete(f *chosen, at *place) (query.Query, part, error) {
	q := &query.Delete{From: f.field.Table.Name, End: query.End{Rollback: l.o.Rollback}}
	args := at.below("args")
	var err error
	if f.field.Is == RootDeleteByKey {
		if q.Where, err = l.key(f.field.Args, func(name string) input { return f.arg(l, name) }, args); err != nil {
			return nil, part{}, err
		}
		q.Returning = &query.Select{}
		q.Returning.Items, err = l.items(l.types.Type(f.field.Type.Name()), f.sets(), at, "")
		return q, part{kind: partOne}, err
	}
	for _, a := range f.field.Args {
		if a.Is != ArgWhere {
			continue
		}
		if q.Where, err = l.where(l.types.Type(a.Type.Name()), f.arg(l, a.Name), args.below(a.Name)); err != nil {
			return nil, part{}, err
		}
	}
	var p part
	q.Returning, p, err = l.response(f, at)
	return q, p, err
}

// response lowers t_mutation_response: what is asked of the rows, and how the answer is put together. Where returning is
// asked for under several keys, one list of rows has the values for all of them, each under a prefix.
func (l *lowering) response(f *chosen, at *place) (*query.Select, part, error) {
	t := l.types.Type(f.field.Type.Name())
	list, err := l.choose(t, f.sets(), at)
	if err != nil {
		return nil, part{}, err
	}
	p := part{kind: partMutation}
	var returning []*chosen
	for i := range list {
		if list[i].field.Is == Returning {
			returning = append(returning, &list[i])
		}
	}
	sel := (*query.Select)(nil)
	for i := range list {
		of := &list[i]
		m := member{key: of.key}
		switch of.field.Is {
		case TypeName:
			m.text = string(pg.AppendJSONString(nil, t.Name))
		case AffectedRows:
			m.affected = true
		case Returning:
			if len(returning) > 1 {
				m.prefix = string(rune('a'+slices.Index(returning, of))) + ":"
			}
			items, err := l.items(l.types.Type(of.field.Type.Name()), of.sets(), at.field(of.field.Name), m.prefix)
			if err != nil {
				return nil, part{}, err
			}
			if sel == nil {
				sel = &query.Select{}
			}
			sel.Items = append(sel.Items, items...)
		}
		p.members = append(p.members, m)
	}
	if len(returning) > returningMax {
		return nil, part{}, refusal(at.String(), ValidationFailed, "'returning' stands %d times; at most %d are answered", len(returning), returningMax)
	}
	return sel, p, nil
}

// returningMax is how many aliases of returning one mutation may have: one for each letter of the prefix.
const returningMax = 26
