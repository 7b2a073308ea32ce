package store

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/schema"
)

// Given is what the rows of one insert give to related ones: of each row, in order, its columns as JSON values by name.
type Given []map[string]json.RawMessage

// Link lets rows take the columns of related rows that have gone in: takers and givers are the JSON arrays of both, parents is
// n's array of numbers, given what the givers that went in give. Of rows that go in after their parents the takers are n's own; of rows
// that go in before, they are the parents. It refuses where not all givers went in.
func Link(n *plan.Nested, takers, givers, parents string, given Given) (string, error) {
	var list, from []json.RawMessage
	var of []int
	if err := json.Unmarshal([]byte(takers), &list); err != nil {
		return "", fault.New(fault.BadBody, "Empty or invalid json").WithCause(err)
	}
	if err := json.Unmarshal([]byte(givers), &from); err != nil {
		return "", fault.New(fault.BadBody, "Empty or invalid json").WithCause(err)
	}
	if err := json.Unmarshal([]byte(parents), &of); err != nil {
		return "", fault.New(fault.BadBody, "nested rows without their parents").WithCause(err)
	}
	if len(of) > 0 && len(given) != len(from) {
		return "", noGiver(n).WithDetails("%d of %d rows went in", len(given), len(from))
	}
	for child, parent := range of {
		taker, giver := child, parent
		if n.Before {
			taker, giver = parent, child
		}
		if taker < 0 || taker >= len(list) || giver < 0 || giver >= len(given) {
			return "", noGiver(n)
		}
		row, err := take(list[taker], n.Taking, n.Giving, given[giver])
		if err != nil {
			return "", err
		}
		list[taker] = row
	}
	linked, err := json.Marshal(list)
	return string(linked), err
}

func noGiver(n *plan.Nested) *fault.Fault {
	giver, taker := n.Relation.From, n.Relation.To
	if n.Before {
		giver, taker = taker, giver
	}
	return fault.Newf(fault.NestedWithoutParent,
		"cannot insert into table \"%s\" through the relation \"%s\": a row of table \"%s\" that it belongs to did not go in",
		taker.Name.Name, n.Relation.Name, giver.Name.Name)
}

// take sets columns of a row, a JSON object, to those of a related one.
func take(row json.RawMessage, taking, giving []*schema.Column, given map[string]json.RawMessage) (json.RawMessage, error) {
	row = bytes.TrimSpace(row)
	if len(row) < 2 || row[0] != '{' {
		return nil, fault.New(fault.BadBody, "All object keys must match")
	}
	out := slices.Clone(row[:len(row)-1])
	filled := len(bytes.TrimSpace(out)) > 1
	for i, c := range taking {
		value, ok := given[giving[i].Name]
		if !ok {
			value = json.RawMessage("null")
		}
		key, err := json.Marshal(c.Name)
		if err != nil {
			return nil, err
		}
		if filled {
			out = append(out, ',')
		}
		filled = true
		out = append(append(append(out, key...), ':'), value...) // of a key twice the last one holds
	}
	return append(out, '}'), nil
}
