package guard

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A pgDeclared is what a schema declares, in PostgreSQL's own spelling.
type pgDeclared struct {
	schema  *schema.Schema
	schemas []string // PostgreSQL schemas in which its tables stand, sorted
	tables  map[pgRelation]*schema.Table
	made    []*migrate.PostgresIndex
	indexes []Index // of made, in its order

	foreign   []*migrate.PostgresForeign
	referring []Index // of foreign, in its order

	asked time.Time
	whole bool // every definition was spelled by PostgreSQL itself
}

// names are those of the declared indexes, whatever their schemas.
func (d *pgDeclared) names() []string {
	out := make([]string, len(d.made))
	for i, x := range d.made {
		out[i] = x.Name
	}
	return out
}

// copyName is the table that stands in for a declared one while PostgreSQL spells its indexes.
const copyName = "pintail_guard_copy"

// schemasMax bounds the schemas whose declared indexes are kept.
const schemasMax = 4

// copyLimit bounds each statement of making copies.
const copyLimit = 2 * time.Second

// Declared gives the indexes and foreign keys that s makes on PostgreSQL. The indexes' definitions are spelled as the catalog does: by rule, and where that isn't what
// the catalog has, or where one has a condition, by PostgreSQL itself, which makes them on an empty temporary copy of their table, in a
// transaction that is rolled back. Where the role may not make temporary tables, or the server only reads, the rule has to do, and an index
// with a condition passes for what the catalog has.
func (p *Postgres) Declared(ctx context.Context, s *schema.Schema) ([]Index, error) {
	d, err := p.learn(ctx, s)
	if err != nil {
		return nil, err
	}
	return slices.Concat(d.indexes, d.referring), nil
}

// learn gives what s declares, asked once, and again from time to time as long as a table is missing.
func (p *Postgres) learn(ctx context.Context, s *schema.Schema) (*pgDeclared, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.declared[s]
	if d != nil && (d.whole || time.Since(d.asked) < p.config.FullTime) {
		return d, nil
	}
	d = newDeclared(s)
	err := p.look(ctx, copyLimit, func(tx pgx.Tx) error { return d.spell(ctx, tx, p.config.SearchPath) })
	if err != nil {
		return nil, err
	}
	for old := range p.declared { // the schema that is served, the one that was applied, and for a moment those before them
		if len(p.declared) >= schemasMax && old != p.of {
			delete(p.declared, old)
		}
	}
	p.declared[s] = d
	return d, nil
}

func newDeclared(s *schema.Schema) *pgDeclared {
	d := &pgDeclared{schema: s, tables: map[pgRelation]*schema.Table{}, made: migrate.PostgresIndexes(s), asked: time.Now(), whole: true}
	d.schemas = schemasOf(d.made)
	for _, t := range s.Tables {
		if t.View == nil || t.View.Materialized {
			r := d.relation(t.Name)
			d.tables[r] = t
			addOnce(&d.schemas, r.schema)
		}
	}
	slices.Sort(d.schemas)
	for _, x := range d.made {
		d.indexes = append(d.indexes, Index{
			ID: x.Schema + "." + x.Name, Name: x.Name, Table: x.Table.Name, Columns: d.columns(x), Unique: x.Unique, Constraint: x.Key != nil,
			Deferrable: x.Key != nil && (x.Key.Deferrable || x.Key.Deferred), Create: x.Create("", true),
		})
	}
	d.addForeign()
	return d
}

// relation is a declared table's name in the catalog.
func (d *pgDeclared) relation(n schema.Name) pgRelation {
	r := pgRelation{n.Schema, n.Name}
	if r.schema == "" {
		r.schema = d.schema.Default
	}
	if r.schema == "" {
		r.schema = "public"
	}
	return r
}

// find gives a declared index by its ID; nil where there is none.
func (d *pgDeclared) find(id string) *migrate.PostgresIndex {
	for i := range d.indexes {
		if d.indexes[i].ID == id {
			return d.made[i]
		}
	}
	return nil
}

// columns are those of an index's keys and condition.
func (d *pgDeclared) columns(x *migrate.PostgresIndex) []string {
	out := []string{}
	for _, c := range x.Columns {
		addOnce(&out, c.Name)
	}
	for _, c := range x.Condition() {
		addOnce(&out, c.Name)
	}
	return out
}

// index is a live index as the guard knows it. One that serves as a declared one of its name is defined as that.
func (d *pgDeclared) index(x *pgIndex, t *schema.Table) Index {
	out := Index{
		ID: x.Schema + "." + x.Name, Name: x.Name, Table: t.Name, Columns: x.Columns, Unique: x.Unique, Constraint: x.Constraint != "",
		Deferrable: x.Deferrable, Definition: x.Definition, Leftover: x.leftover(),
	}
	for i := range d.indexes {
		if w := &d.indexes[i]; w.ID == out.ID && w.Table == out.Table && serves(x.Definition, w.Definition) {
			out.Definition = w.Definition
		}
	}
	switch {
	case !x.Live:
		out.Invalid = "not live: a DROP INDEX CONCURRENTLY began and did not end"
	case !x.Ready:
		out.Invalid = "not ready: a build did not end"
	case !x.Valid:
		out.Invalid = "not valid: a build failed, or it is being dropped"
	}
	if out.Invalid != "" && x.Building {
		out.Invalid = "being built"
	}
	return out
}

// spell finds the definitions of all declared indexes. One that is spelled by rule as the catalog has it is right; PostgreSQL itself spells
// those of a table where any other stands.
func (d *pgDeclared) spell(ctx context.Context, tx pgx.Tx, path []string) error {
	all, err := readIndexes(ctx, tx, d.schemas)
	if err != nil {
		return fmt.Errorf("read the catalog of indexes: %w", err)
	}
	live := map[string]string{}
	for _, x := range all {
		live[x.Schema+"."+x.Name] = x.Definition
	}
	words, err := d.words(ctx, tx)
	if err != nil {
		return err
	}
	for i := 0; i < len(d.made); {
		next, alike := i, true
		for ; next < len(d.made) && d.made[next].Table == d.made[i].Table; next++ {
			x := &d.indexes[next]
			if x.Definition = byRule(d.made[next], words); x.Definition == "" || x.Definition != live[x.ID] {
				alike = false
			}
		}
		if !alike {
			spelled, err := d.spellTable(ctx, tx, d.made[i:next], path)
			if err != nil {
				return err
			}
			for j := i; j < next; j++ {
				if definition, ok := spelled[d.made[j].Name]; ok {
					d.indexes[j].Definition = definition
					continue
				}
				d.whole = false
			}
		}
		i = next
	}
	return nil
}

// words gives the names of all key columns as PostgreSQL quotes them.
func (d *pgDeclared) words(ctx context.Context, tx pgx.Tx) (map[string]string, error) {
	names := []string{}
	for _, x := range d.made {
		for _, c := range x.Columns {
			names = append(names, c.Name)
		}
		if own := x.Index(); own != nil {
			for _, c := range own.Include {
				names = append(names, c.Name)
			}
		}
	}
	rows, err := tx.Query(ctx, "SELECT DISTINCT n, quote_ident(n) FROM unnest($1::text[]) AS n", names)
	if err != nil {
		return nil, err
	}
	words := map[string]string{}
	var name, word string
	_, err = pgx.ForEachRow(rows, []any{&name, &word}, func() error {
		words[name] = word
		return nil
	})
	return words, err
}

// spellTable gives the definitions of one table's indexes by their names; none where no copy can be made.
func (d *pgDeclared) spellTable(ctx context.Context, tx pgx.Tx, made []*migrate.PostgresIndex, path []string) (map[string]string, error) {
	inner, err := tx.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer rollback(ctx, inner)
	if _, err := inner.Exec(ctx, "SELECT set_config('search_path', $1, true)", pathText(path)); err != nil {
		return nil, err
	}
	live := d.relation(made[0].Table.Name)
	create := "CREATE TEMPORARY TABLE " + copyName + " (LIKE " + migrate.Quoted(live.schema, live.name) + ") ON COMMIT DROP"
	if _, err := inner.Exec(ctx, create); err != nil {
		return nil, onlyConnection(err)
	}
	for _, x := range made {
		one, err := inner.Begin(ctx)
		if err != nil {
			return nil, err
		}
		_, err = one.Exec(ctx, x.Create("pg_temp."+copyName, false))
		if err != nil {
			if err := onlyConnection(err); err != nil {
				return nil, err
			}
			if err := one.Rollback(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if err := one.Commit(ctx); err != nil {
			return nil, err
		}
	}
	rows, err := inner.Query(ctx, `SELECT c.relname::text, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		WHERE i.indrelid = 'pg_temp.`+copyName+`'::regclass AND set_config('search_path', '', true) = ''`)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	var name, definition string
	_, err = pgx.ForEachRow(rows, []any{&name, &definition}, func() error {
		out[name] = normalised(definition)
		return nil
	})
	return out, err
}

// onlyConnection lets pass what PostgreSQL itself refused.
func onlyConnection(err error) error {
	if sqlState(err) != "" {
		return nil
	}
	return err
}

// byRule spells a definition as PostgreSQL would, as far as that can be told without it; empty where it can't.
func byRule(x *migrate.PostgresIndex, words map[string]string) string {
	var parts, include []string
	method := "btree"
	if own := x.Index(); own != nil {
		switch {
		case own.Postgres != "" && indexHead.MatchString(own.Postgres):
			return normalised(own.Postgres)
		case own.Postgres != "" || own.Where != nil:
			return ""
		case own.Method != "":
			method = own.Method
		}
		for _, c := range own.Columns {
			parts = append(parts, words[c.Column.Name]+keyWords(c))
		}
		for _, c := range own.Include {
			include = append(include, words[c.Name])
		}
	} else {
		for _, c := range x.Columns {
			parts = append(parts, words[c.Name])
		}
	}
	out := "USING " + method + " (" + strings.Join(parts, ", ") + ")"
	if len(include) > 0 {
		out += " INCLUDE (" + strings.Join(include, ", ") + ")"
	}
	if x.Key != nil && x.Key.NullsNotDistinct && !x.Primary {
		out += " NULLS NOT DISTINCT"
	}
	if x.Unique {
		out = "UNIQUE " + out
	}
	return out
}

// keyWords writes what follows a key's column, leaving out what is the default.
func keyWords(c schema.IndexColumn) string {
	out := ""
	if c.Collate != "" {
		out += ` COLLATE "` + strings.ReplaceAll(c.Collate, `"`, `""`) + `"`
	}
	if c.Class != "" {
		out += " " + c.Class
	}
	if c.Desc {
		out += " DESC"
	}
	switch {
	case c.Nulls == query.NullsFirst && !c.Desc:
		out += " NULLS FIRST"
	case c.Nulls == query.NullsLast && c.Desc:
		out += " NULLS LAST"
	}
	return out
}

// pathText writes schemas as the setting search_path has them.
func pathText(path []string) string {
	words := make([]string, len(path))
	for i, s := range path {
		words[i] = migrate.Quoted("", s)
	}
	return strings.Join(words, ", ")
}

// tablesSQL says of each table whether it is there, and whether the planner has statistics of it. pg_stats shows none where the role may see part
// of the rows only: there they are taken to be there.
const tablesSQL = `SELECT n.nspname::text, c.relname::text,
		c.reltuples >= 0 AND (c.reltuples = 0 OR row_security_active(c.oid) OR NOT has_any_column_privilege(c.oid, 'SELECT') OR EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname))
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p', 'm', 'f')`

// readTables says which declared tables there are, and of which the planner has statistics.
func (d *pgDeclared) readTables(ctx context.Context, tx pgx.Tx, c *Catalog) error {
	rows, err := tx.Query(ctx, tablesSQL, d.schemas)
	if err != nil {
		return err
	}
	there := map[*schema.Table]bool{}
	var r pgRelation
	var analyzed bool
	_, err = pgx.ForEachRow(rows, []any{&r.schema, &r.name, &analyzed}, func() error {
		if t := d.tables[r]; t != nil {
			there[t] = true
			if analyzed {
				c.Analyzed[t.Name.String()] = true
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range d.schema.Tables {
		if (t.View == nil || t.View.Materialized) && !there[t] {
			c.Missing = append(c.Missing, t.Name)
		}
	}
	return nil
}

// version sums a catalog up.
func version(c *Catalog, applied *migrate.AppliedSchema) string {
	h := newSum()
	for _, x := range c.Indexes {
		h.add(x.ID, x.Table.String(), x.Definition, x.Invalid, fmt.Sprint(x.Constraint, x.Deferrable, x.Leftover))
	}
	names := []string{}
	for t := range c.Analyzed {
		names = append(names, t)
	}
	slices.Sort(names)
	h.add(names...)
	for _, n := range c.Missing {
		h.add(n.String())
	}
	h.add(fmt.Sprint(c.Hidden))
	if applied != nil {
		h.add(applied.Text)
	}
	return h.String()
}
