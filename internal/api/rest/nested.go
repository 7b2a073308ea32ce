package rest

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
)

// A Related says what a key of a row's JSON is that is no column but a relation of the table: which table's rows stand
// there, and whether several do.
type Related struct {
	To   query.Name
	Many bool
}

// nestedRows takes the rows of related tables out of an insert's rows, where their keys name relations: an object for a
// to-one relation, an array for a to-many one, null for nothing. What remains are the rows of the table itself. rows is a JSON
// array of objects that parsePayload has read; columns are the keys that count.
func (p *reader) nestedRows(table query.Name, in rows, depth int) (rows, []query.Nested, error) {
	var relations []string
	for _, key := range in.columns {
		if _, ok := p.o.related(table, key); ok {
			relations = append(relations, key)
		}
	}
	if relations == nil {
		return in, nil, nil
	}
	if depth == p.limits.EmbedDepthMax {
		return in, nil, fault.Newf(fault.TooDeep, "rows of related tables are nested more than %d deep", depth)
	}
	var list []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(in.json), &list); err != nil {
		return in, nil, invalidJSON().WithCause(err)
	}
	var nested []query.Nested
	for _, key := range relations {
		to, _ := p.o.related(table, key)
		n, err := p.nest(list, key, to, depth)
		if err != nil {
			return in, nil, err
		}
		if n != nil {
			nested = append(nested, *n)
		}
	}
	own, err := json.Marshal(list)
	if err != nil {
		return in, nil, fault.From(err)
	}
	in.json = string(own)
	in.columns = slices.DeleteFunc(slices.Clone(in.columns), func(c string) bool { return slices.Contains(relations, c) })
	return in, nested, nil
}

// nest takes one relation's rows out of all rows of a list; nil where there are none.
func (p *reader) nest(list []map[string]json.RawMessage, key string, to Related, depth int) (*query.Nested, error) {
	children, parents := []byte{'['}, []byte{'['}
	var columns []string
	first := true
	for i, row := range list {
		value := bytes.TrimSpace(row[key])
		delete(row, key)
		if len(value) == 0 || string(value) == "null" {
			continue
		}
		some, err := childrenOf(key, value, to.Many)
		if err != nil {
			return nil, err
		}
		for _, child := range some {
			var object map[string]json.RawMessage
			if json.Unmarshal(child, &object) != nil || object == nil {
				return nil, badNested(key, to.Many)
			}
			keys := slices.Sorted(maps.Keys(object))
			switch {
			case first:
				columns = keys
			case !slices.Equal(p.ownKeys(to.To, keys), p.ownKeys(to.To, columns)):
				return nil, fault.New(fault.BadBody, "All object keys must match").WithDetails("those of the rows under '%s' don't", key)
			}
			columns = union(columns, keys)
			if !first {
				children, parents = append(children, ','), append(parents, ',')
			}
			first = false
			children = append(children, child...)
			parents = strconv.AppendInt(parents, int64(i), 10)
		}
	}
	if first {
		return nil, nil
	}
	in, deeper, err := p.nestedRows(to.To, rows{columns: columns, json: string(append(children, ']'))}, depth+1)
	if err != nil {
		return nil, err
	}
	return &query.Nested{
		Relation: key, Parents: query.Text(string(append(parents, ']'))),
		Insert: &query.Insert{Columns: in.columns, Rows: query.Text(in.json), Nested: deeper},
	}, nil
}

// ownKeys are the keys that are no relations: those must be the same in all rows.
func (p *reader) ownKeys(table query.Name, keys []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(k string) bool { _, ok := p.o.related(table, k); return ok })
}

func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

func childrenOf(key string, value json.RawMessage, many bool) ([]json.RawMessage, error) {
	if !many {
		return []json.RawMessage{value}, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		return nil, badNested(key, many)
	}
	return list, nil
}

func badNested(key string, many bool) error {
	what := "an object"
	if many {
		what = "an array of objects"
	}
	return fault.Newf(fault.BadBody, "'%s' is a relation: its value must be %s", key, what)
}

// defaults lets nested rows take the same for missing keys as the rows around them.
func defaults(list []query.Nested, use bool) {
	for i := range list {
		list[i].Insert.Default = use
		defaults(list[i].Insert.Nested, use)
	}
}
