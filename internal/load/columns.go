package load

import (
	"fmt"
	"strings"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// columns are those of a table that a file may name.
type columns struct {
	table  *schema.Table
	engine migrate.Engine
	passed map[string]bool // generated ones that the file names: the engine computes them
}

// named gives a column; nil for one that is passed by.
func (cs columns) named(name string) (*schema.Column, error) {
	c, ok := cs.table.Column(name)
	if !ok {
		return nil, fmt.Errorf("table %q has no column %q%s", cs.table.Name.Name, name, cs.meant(name))
	}
	if isGenerated(c, cs.engine) {
		cs.passed[name] = true
		return nil, nil
	}
	return c, nil
}

// meant suggests the column that differs in case, spaces or underscores alone, else lists them all.
func (cs columns) meant(name string) string {
	bare := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == '_' || r == ' ' || r == '-' {
				return -1
			}
			return r
		}, strings.ToLower(s))
	}
	var all []string
	for _, c := range cs.table.Columns {
		if bare(c.Name) == bare(name) {
			return fmt.Sprintf("; did you mean %q?", c.Name)
		}
		all = append(all, c.Name)
	}
	const most = 12
	if len(all) > most {
		all = append(all[:most], "…")
	}
	return "; it has " + strings.Join(all, ", ")
}
