package migrate

import "github.com/pintail-dev/pintail/schema"

// A PostgresForeign is a foreign key that a schema declares on PostgreSQL.
type PostgresForeign struct {
	*schema.ForeignKey
	Schema string // in which the table stands
	To     string // PostgreSQL schema of the table that it refers to

	Add      string // the statement that makes it, as `apply` does on a table that is there: rows of before aren't looked at
	Validate string // the statement that looks at them
}

// PostgresForeignKeys lists the foreign keys that a schema declares on PostgreSQL, in the order of its tables.
func PostgresForeignKeys(s *schema.Schema) []*PostgresForeign {
	w := &pgWriter{s: s}
	p := &pgPlanner{w: w}
	var out []*PostgresForeign
	for _, t := range s.Tables {
		for _, f := range t.Foreign {
			out = append(out, &PostgresForeign{
				ForeignKey: f, Schema: w.schemaOf(t.Name), To: w.schemaOf(f.To.Name),
				Add: w.addForeign(t, f, true), Validate: p.validate(t, f.Name),
			})
		}
	}
	return out
}
