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

// Link lets rows take the columns of related rows that have gone in. rows is a JSON array of objects, parents n's array of
// numbers. Of rows that go in after their parents, rows are n's own and given the parents'; of rows that went in before, it is the
// other way round.
func Link(n *plan.Nested, rows, parents string, given Given) (string, error) {
	var list []json.RawMessage
	var of []int
	if err := json.Unmarshal([]byte(rows), &list); err != nil {
		return "", fault.New(fault.BadBody, "Empty or invalid json").WithCause(err)
	}
	if err := json.Unmarshal([]byte(parents), &of); err != nil {
		return "", fault.New(fault.BadBody, "nested rows without their parents").WithCause(err)
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

// Complete refuses an insert of which fewer rows went in than were given, where others take something of each.
func Complete(n *plan.Nested, parent *schema.Table, want, got int) error {
	if want == got {
		return nil
	}
	return noGiver(n).WithDetails("%d of %d rows went in", got, want)
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
