package graphql

import (
	"strings"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// orderBy lowers order_by: a list of objects, or a single one.
func (l *lowering) orderBy(t *Type, in input, at *place) ([]query.Order, error) {
	var all []query.Order
	for i, of := range l.vars.items(in) {
		if of.kind() == kindNull {
			continue
		}
		more, err := l.orders(t, of, at.at(i), query.Order{})
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// orders lowers the keys of one object, in their order. from is the way that led to it.
func (l *lowering) orders(t *Type, in input, at *place, from query.Order) ([]query.Order, error) {
	if err := l.object(t, in, at); err != nil {
		return nil, err
	}
	var all []query.Order
	for key, of := range l.vars.members(in) {
		f, err := l.field(t, key, at)
		if err != nil {
			return nil, err
		}
		if of.kind() == kindNull {
			continue
		}
		more, err := l.order(f, of, at.below(key), from)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

func (l *lowering) order(f *Field, in input, at *place, o query.Order) ([]query.Order, error) {
	t := l.types.Type(f.Type.Name())
	switch f.Is {
	case KeyRelation, KeySummary:
		o.Via = hop(o.Via, f.Relation)
		return l.orders(t, in, at, o)
	case KeyGroupKey:
		return l.orders(t, in, at, o)
	case KeyAggregate:
		o.Aggregate = f.Aggregate
		if t.Is != OrderByEnum {
			return l.orders(t, in, at, o)
		}
	case KeyColumn:
		o.Field.Column = f.Column.Name
	case KeyComputed:
		o.Field.Column = f.Function.Name.Name
	default:
		return nil, refusal(at.String(), NotSupported, "'%s' is not answered here", f.Name)
	}
	c := conversion{named: t}
	if _, err := c.enum(in, at.String()); err != nil {
		return nil, err
	}
	v := enumValue(t, in.text())
	o.Direction = v.Direction
	if strings.Contains(v.Name, "_nulls_") { // asc and desc say nothing of nulls: PostgreSQL's own places are Hasura's
		o.Nulls = v.Nulls
	}
	return []query.Order{o}, nil
}

func hop(via []query.Hop, r *schema.Relation) []query.Hop {
	return append(via[:len(via):len(via)], query.Hop{Relation: relationTarget(r)})
}
