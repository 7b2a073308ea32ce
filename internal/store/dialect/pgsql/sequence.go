package pgsql

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
)

// sequence writes the members of a plan. Reads are one statement, on one snapshot; with a write among them each member is
// a statement of its own, to be run in order in one transaction.
func (b *builder) sequence(p *plan.Plan) error {
	if !p.ReadsOnly() {
		for _, step := range p.Steps {
			s, err := Compile(step, b.options)
			if err != nil {
				return err
			}
			b.out.Steps = append(b.out.Steps, &s)
			b.takes(&s)
		}
		return nil
	}
	var with, cols, from []string
	for i, step := range p.Steps {
		m := "m" + strconv.Itoa(i)
		b.called = called + strconv.Itoa(i)
		cte, sql := b.member(step)
		if cte != "" {
			with = append(with, b.called+" AS ("+cte+")")
		}
		cols = append(cols, m+".n", m+".b")
		from = append(from, "("+sql+") AS "+m)
		b.out.Columns = append(b.out.Columns, Rows, Body)
	}
	b.out.Members = len(p.Steps)
	if len(with) > 0 {
		b.out.SQL = "WITH " + strings.Join(with, ", ") + " "
	}
	b.out.SQL += "SELECT " + strings.Join(cols, ", ") + " FROM " + strings.Join(from, " CROSS JOIN ")
	return nil
}

// takes lets the sequence's transaction have what a member wants of it.
func (b *builder) takes(s *Statement) {
	if b.out.Schema == "" {
		b.out.Schema = s.Schema
	}
	b.out.Settings = append(b.out.Settings, s.Settings...)
}

// member writes one read of several: its rows as one body b, and their number n. cte is the call that they come from.
func (b *builder) member(p *plan.Plan) (cte, sql string) {
	if p.Op == plan.Read {
		if s := p.Rows; s.Source.Table != nil && b.out.Schema == "" {
			b.out.Schema = b.foreign(s.Source.Table.Name.Schema)
		}
		rows, _ := b.rows(p.Rows, nil, nil, keyed)
		return "", "SELECT " + b.body() + " AS b, count(*) AS n FROM (" + rows + ") AS r"
	}
	c, f := p.Call, p.Call.Function
	b.takes(&Statement{Schema: b.foreign(f.Name.Schema)})
	for _, name := range slices.Sorted(maps.Keys(f.Settings)) {
		b.out.Settings = append(b.out.Settings, [2]string{name, f.Settings[name]})
	}
	switch {
	case f.Returns.Void && f.Query != nil:
		return b.named(c), "SELECT 'null' AS b, count(*) AS n FROM " + b.called
	case f.Returns.Void:
		return "", "SELECT 'null' AS b, count(r.*) AS n FROM (SELECT " + b.invocation(c) + " AS v" + b.arguments(c) + ") AS r"
	case c.Scalar:
		cte, rows := b.scalarRows(p)
		body := "coalesce(json_agg(r.v)->0, 'null')"
		if f.Returns.SetOf {
			body = "coalesce(json_agg(r.v), '[]')"
		}
		return cte, "SELECT " + body + " AS b, count(*) AS n FROM (" + rows + ") AS r"
	}
	rows, _ := b.rows(p.Rows, nil, nil, keyed)
	body := b.body()
	if !f.Returns.SetOf {
		body = "coalesce(json_agg(r.*)->0, 'null')"
	}
	sql = "SELECT " + body + " AS b, count(*) AS n FROM (" + rows + ") AS r"
	cte = b.result(c)
	b.returnedRow = false // it belonged to this call
	return cte, sql
}
