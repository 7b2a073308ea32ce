package guard

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Explain says what the live database would do, for these values (a custom plan) and for any (a generic plan): PostgreSQL takes one or
// the other, as their costs are. Nothing is run.
func (p *Postgres) Explain(ctx context.Context, pl *plan.Plan, args query.Args) ([]Standing, error) {
	return p.examine(ctx, pl, args, postgres.Examination{})
}

// examine explains with the values, where they fit, and without.
func (p *Postgres) examine(ctx context.Context, pl *plan.Plan, args query.Args, x postgres.Examination) ([]Standing, error) {
	var out []Standing
	if len(args) >= len(pl.Params) {
		texts, err := p.explain.Examine(ctx, pl, args, x)
		switch {
		case err == nil:
			s, err := p.standing(pl, texts)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		case !strings.HasPrefix(sqlState(err), "22"): // a value that the type doesn't have
			return nil, err
		}
	}
	x.Generic = true
	texts, err := p.explain.Examine(ctx, pl, make(query.Args, len(pl.Params)), x)
	if err != nil {
		return nil, err
	}
	s, err := p.standing(pl, texts)
	return append(out, s), err
}

// standing puts together what the plans of a statement, and of those that belong to it, stand on.
func (p *Postgres) standing(pl *plan.Plan, texts [][]byte) (Standing, error) {
	var found pgStanding
	for _, text := range texts {
		one, err := readPlan(text)
		if err != nil {
			return Standing{}, err
		}
		found.add(one)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.view()
	if v != nil {
		found.add(v.cascades(pl))
	}
	out := Standing{Indexes: []string{}, Scans: []Scan{}, Sorts: found.sorts}
	for _, x := range found.indexes {
		addOnce(&out.Indexes, v.indexID(x))
	}
	slices.Sort(out.Indexes)
	for _, s := range found.scans {
		if scan, ok := v.scan(s); ok {
			addOnce(&out.Scans, scan)
		}
	}
	slices.SortFunc(out.Scans, func(a, b Scan) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Index, b.Index)) })
	return out, nil
}

// A pgView is what is known of the catalog, to read plans by.
type pgView struct {
	declared *pgDeclared
	live     []*pgIndex
	parts    map[pgRelation]pgRelation // partitions, and indexes of partitions, by the whole that they belong to
}

// view gives what the last look saw; nil before the first. The caller holds the lock.
func (p *Postgres) view() *pgView {
	if d := p.declared[p.of]; d != nil {
		return &pgView{declared: d, live: p.live, parts: p.parts}
	}
	return nil
}

// whole gives the table or index of which r is a part; temporary copies stand for the tables of the default schema.
func (v *pgView) whole(r pgRelation) pgRelation {
	if strings.HasPrefix(r.schema, "pg_temp") && v != nil {
		r.schema = v.declared.relation(schema.Name{}).schema
	}
	if v == nil {
		return r
	}
	if w, ok := v.parts[r]; ok {
		return w
	}
	return r
}

func (v *pgView) indexID(r pgRelation) string {
	r = v.whole(r)
	return r.schema + "." + r.name
}

// tableName is a table's name as the schema file has it.
func (v *pgView) tableName(r pgRelation) string {
	r = v.whole(r)
	if v != nil {
		return v.declared.tableName(r)
	}
	return r.schema + "." + r.name
}

// scan says which table is read whole. A partial index that is read whole is none: it holds just what is wanted.
func (v *pgView) scan(s pgScan) (Scan, bool) {
	if s.index == "" {
		return Scan{Table: v.tableName(s.table)}, true
	}
	id := pgRelation{s.table.schema, s.index}
	if v != nil {
		w := v.whole(id)
		for _, x := range v.live {
			if x.Schema == w.schema && x.Name == w.name && strings.Contains(x.Definition, " WHERE ") {
				return Scan{}, false
			}
		}
	}
	return Scan{Table: v.tableName(s.table), Index: v.indexID(id)}, true
}

// cascades is what a delete stands on besides its plan: PostgreSQL looks by each foreign key that refers to the table for rows that
// refer to those that go, by statements of its own that no EXPLAIN shows (ri_triggers.c).
func (v *pgView) cascades(pl *plan.Plan) pgStanding {
	var out pgStanding
	for _, step := range append([]*plan.Plan{pl}, pl.Steps...) {
		if step.Op == plan.Delete {
			v.cascade(step.Write.Table, &out, map[*schema.Table]bool{})
		}
	}
	return out
}

func (v *pgView) cascade(t *schema.Table, out *pgStanding, seen map[*schema.Table]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	for _, child := range v.declared.schema.Tables {
		for _, f := range child.Foreign {
			if f.To.Name != t.Name {
				continue
			}
			r := v.declared.relation(child.Name)
			if x := v.leading(r, f.Columns); x != nil {
				addOnce(&out.indexes, pgRelation{x.Schema, x.Name})
			} else {
				addOnce(&out.scans, pgScan{table: r})
			}
			if f.OnDelete == "CASCADE" {
				v.cascade(child, out, seen)
			}
		}
	}
}

// leading gives a whole index of a table that begins with these columns, in any order; the shortest one.
func (v *pgView) leading(table pgRelation, columns []*schema.Column) *pgIndex {
	var best *pgIndex
	for _, x := range v.live {
		if x.Schema != table.schema || x.Table != table.name || !x.whole() || len(x.Columns) < len(columns) ||
			x.Method != "btree" || strings.Contains(x.Definition, " WHERE ") {
			continue
		}
		begins := !slices.ContainsFunc(columns, func(c *schema.Column) bool { return !slices.Contains(x.Columns[:len(columns)], c.Name) })
		if begins && (best == nil || len(x.Columns) < len(best.Columns)) {
			best = x
		}
	}
	return best
}

// ExplainDeclared explains on empty copies of the plan's tables that have the indexes which s declares: temporary tables, in a
// transaction that is rolled back. Tables outside of the default schema, and those that a function reads, are the live ones.
//
// The planner judges an empty table by nothing but that it is empty. A superuser's copies therefore get the live tables' statistics:
// their density, and pg_statistic's rows, which nobody else may write before PostgreSQL 18. Any other role's copies have just
// the indexes that are away, and sequential scans are ruled out: what is used then is what would be of use, on a table that is large
// enough. Where no temporary table can be made (a server that only reads), what the plan binds by equality or sorts by is held
// against the columns of the indexes that are away.
func (p *Postgres) ExplainDeclared(ctx context.Context, s *schema.Schema, pl *plan.Plan, args query.Args) ([]Standing, error) {
	d, err := p.learn(ctx, s)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	live := p.live
	p.mu.Unlock()
	super, temporary, err := p.mayCopy(ctx)
	if err != nil {
		return nil, err
	}
	if temporary {
		before := d.copies(pl, live, super)
		if before == nil {
			return p.Explain(ctx, pl, args)
		}
		out, err := p.examine(ctx, pl, args, postgres.Examination{Tables: "pg_temp", Before: before})
		if err == nil || sqlState(err) == "" {
			return out, err
		}
	}
	return []Standing{d.byColumns(pl, live)}, nil
}

// mayCopy says what the role may do.
func (p *Postgres) mayCopy(ctx context.Context) (super, temporary bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	err = p.look(ctx, catalogLimit, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
			has_database_privilege(current_database(), 'TEMP') AND NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'`).
			Scan(&super, &temporary)
	})
	return super, temporary, err
}

// copies are the statements that make a plan's tables anew, empty, with their declared indexes. Nil where none of them is in the
// default schema.
func (d *pgDeclared) copies(pl *plan.Plan, live []*pgIndex, super bool) []string {
	var out []string
	for _, t := range planTables(pl) {
		r := d.relation(t.Name)
		if t.Name.Schema != "" && t.Name.Schema != d.schema.Default || d.tables[r] == nil {
			continue
		}
		made := migrate.Quoted("pg_temp", t.Name.Name)
		out = append(out, "CREATE TEMPORARY TABLE "+migrate.Quoted("", t.Name.Name)+" (LIKE "+migrate.Quoted(r.schema, r.name)+") ON COMMIT DROP")
		if super {
			out = append(out, d.fill(t, r, made)...)
		}
		for _, x := range d.made {
			if x.Table.Name != t.Name || !super && d.there(x, live) && d.lacks(t, live) {
				continue
			}
			if sql := x.Constrain(made); sql != "" {
				out = append(out, sql)
			} else {
				out = append(out, x.Create(made, false))
			}
		}
		if super {
			out = append(out, statistics(r, made))
		}
	}
	if out != nil && !super {
		out = append(out, "SET LOCAL enable_seqscan = off")
	}
	return out
}

// planTables are the tables that a plan reads or writes.
func planTables(pl *plan.Plan) []*schema.Table {
	var out []*schema.Table
	for _, t := range slices.Concat(pl.Facts.Reads, pl.Facts.Writes) {
		addOnce(&out, t)
	}
	for _, r := range pl.Facts.Relations {
		if r.Through != nil {
			addOnce(&out, r.Through.Table)
		}
		if r.To != nil {
			addOnce(&out, r.To)
		}
	}
	return out
}

// there says whether a declared index is there, whole and as declared.
func (d *pgDeclared) there(x *migrate.PostgresIndex, live []*pgIndex) bool {
	i := slices.Index(d.made, x)
	return slices.ContainsFunc(live, func(l *pgIndex) bool {
		return l.Schema == x.Schema && l.Name == x.Name && l.whole() && l.Unique == x.Unique && serves(l.Definition, d.indexes[i].Definition)
	})
}

// lacks says whether a table lacks one of its indexes.
func (d *pgDeclared) lacks(t *schema.Table, live []*pgIndex) bool {
	return slices.ContainsFunc(d.made, func(x *migrate.PostgresIndex) bool { return x.Table.Name == t.Name && !d.there(x, live) })
}

// fill gives a copy one page, so that the planner looks at its statistics at all (plancat.c, estimate_rel_size).
func (d *pgDeclared) fill(t *schema.Table, r pgRelation, made string) []string {
	var out []string
	for _, c := range t.Columns {
		if c.NotNull {
			out = append(out, "ALTER TABLE "+made+" ALTER COLUMN "+migrate.Quoted("", c.Name)+" DROP NOT NULL")
		}
	}
	return append(out, "INSERT INTO "+made+" DEFAULT VALUES", "DELETE FROM "+made)
}

// statistics gives a copy the live table's density and distributions. Dropped columns move those after them, so names pair them.
func statistics(r pgRelation, made string) string {
	return fmt.Sprintf(`DO $pintail$
	DECLARE s record; names text; mine oid := to_regclass(%[2]s); theirs oid := to_regclass(%[1]s);
	BEGIN
		UPDATE pg_catalog.pg_class SET relpages = 1, reltuples = greatest(1, (SELECT reltuples FROM pg_catalog.pg_class WHERE oid = theirs)) WHERE oid = mine;
		SELECT string_agg(CASE attname WHEN 'starelid' THEN mine::text || '::oid' WHEN 'staattnum' THEN 'b.attnum' ELSE 's.' || quote_ident(attname) END, ', ' ORDER BY attnum)
			INTO names FROM pg_catalog.pg_attribute WHERE attrelid = 'pg_catalog.pg_statistic'::regclass AND attnum > 0 AND NOT attisdropped;
		EXECUTE 'INSERT INTO pg_catalog.pg_statistic SELECT ' || names || ' FROM pg_catalog.pg_statistic s
			JOIN pg_catalog.pg_attribute a ON a.attrelid = s.starelid AND a.attnum = s.staattnum
			JOIN pg_catalog.pg_attribute b ON b.attrelid = ' || mine || ' AND b.attname = a.attname
			WHERE NOT s.stainherit AND s.starelid = ' || theirs;
	END $pintail$`, literal(migrate.Quoted(r.schema, r.name)), literal(made))
}

// literal quotes a text as a constant.
func literal(s string) string { return migrate.Literal(s) }

// byColumns tells from columns alone what a plan would stand on: the indexes that are away and begin with a column that is bound by
// equality, joined by, or sorted by first.
func (d *pgDeclared) byColumns(pl *plan.Plan, live []*pgIndex) Standing {
	out := Standing{Indexes: []string{}, Scans: []Scan{}}
	wanted := map[*schema.Table][]string{}
	want := func(c *schema.Column) {
		if c != nil && c.Table != nil {
			wanted[c.Table] = append(wanted[c.Table], c.Name)
		}
	}
	for _, b := range pl.Facts.Bound {
		want(b.Column)
	}
	for _, r := range pl.Facts.Relations {
		for _, c := range slices.Concat(r.Columns, r.References) {
			want(c)
		}
		if r.Through != nil {
			for _, c := range slices.Concat(r.Through.Columns, r.Through.References) {
				want(c)
			}
		}
	}
	for _, step := range append([]*plan.Plan{pl}, pl.Steps...) {
		if step.Rows != nil && len(step.Rows.Order) > 0 {
			want(step.Rows.Order[0].Value.Column)
		}
		if w := step.Write; w != nil && w.Conflict != nil {
			for _, c := range w.Conflict.Columns {
				want(c)
			}
		}
	}
	for i, x := range d.made {
		if len(x.Columns) > 0 && !d.there(x, live) && slices.Contains(wanted[x.Table], x.Columns[0].Name) {
			addOnce(&out.Indexes, d.indexes[i].ID)
		}
	}
	slices.Sort(out.Indexes)
	return out
}
