package guard

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A pgCode is what of a database's own may run when something is written: functions, triggers, actions of foreign keys, rules.
type pgCode struct {
	at        time.Time
	functions map[uint32]*pgFunction // those in C aside
	named     map[string][]uint32    // functions by name, in lower case
	relations map[uint32]pgRelation  // tables and views
	byName    map[string][]uint32    // the same by name, in lower case
	triggers  map[uint32][]pgTrigger // by relation
	actions   map[uint32][]pgAction  // by the relation that is referred to
	parts     map[uint32][]uint32    // partitions and those that inherit, and what these are parts of
	rules     map[uint32][]pgRule    // by the view or table
	reserved  map[string]bool        // words that are no name without quotes
	defaults  map[uint32][]uint32    // functions, by the table whose columns' defaults call them
}

// A pgFunction is one that somebody wrote in this database.
type pgFunction struct {
	OID      uint32
	Name     string
	Language string
	Text     string
}

// A pgTrigger is one that is on.
type pgTrigger struct {
	Relation  uint32
	Name      string
	Function  uint32
	Type      pgOp // pg_trigger.tgtype: when it fires
	Arguments string
}

// A pgAction is a foreign key that changes rows of its own table when one that they refer to goes or changes.
type pgAction struct {
	OID                uint32
	Name               string
	Referred           uint32
	Relation           uint32
	Columns            []string
	References         []string
	OnDelete, OnUpdate string // pg_constraint.confdeltype and confupdtype
}

// A pgRule is what a view shows, or a rule does.
type pgRule struct {
	Of, Relation, Function uint32 // one of the latter two is 0
}

func newCode() *pgCode {
	return &pgCode{
		at: time.Now(), functions: map[uint32]*pgFunction{}, named: map[string][]uint32{}, relations: map[uint32]pgRelation{}, byName: map[string][]uint32{},
		triggers: map[uint32][]pgTrigger{}, actions: map[uint32][]pgAction{}, parts: map[uint32][]uint32{}, rules: map[uint32][]pgRule{}, defaults: map[uint32][]uint32{},
		reserved: map[string]bool{},
	}
}

const (
	functionsSQL = `SELECT p.oid, p.proname::text, l.lanname::text, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)
		FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', '_pintail') AND l.lanname NOT IN ('c', 'internal')`
	relationsSQL = `SELECT c.oid, n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', '_pintail')`
	triggersSQL = `SELECT tgrelid, tgname::text, tgfoid, tgtype::int4, encode(tgargs, 'escape') FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'`
	actionsSQL  = `SELECT k.oid, k.conname::text, k.confrelid, k.conrelid,
			ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = k.conrelid AND attnum = ANY (k.conkey)),
			ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = k.confrelid AND attnum = ANY (k.confkey)), k.confdeltype::text, k.confupdtype::text
		FROM pg_constraint k WHERE k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))`
	partsOfSQL = `SELECT inhrelid, inhparent FROM pg_inherits UNION ALL SELECT inhparent, inhrelid FROM pg_inherits`
	rulesSQL   = `SELECT DISTINCT r.ev_class, CASE d.refclassid WHEN 'pg_class'::regclass THEN d.refobjid ELSE 0 END, CASE d.refclassid WHEN 'pg_proc'::regclass THEN d.refobjid ELSE 0 END
		FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
		WHERE r.ev_class >= 16384 AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass) AND d.refobjid <> r.ev_class`
	reservedSQL = `SELECT word FROM pg_get_keywords() WHERE catcode = 'R'`
	defaultsSQL = `SELECT a.adrelid, d.refobjid FROM pg_attrdef a JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid
		WHERE d.refclassid = 'pg_proc'::regclass`
)

// read reads all of it.
func (c *pgCode) read(ctx context.Context, tx pgx.Tx) error {
	var f pgFunction
	var r pgRelation
	var t pgTrigger
	var a pgAction
	var rule pgRule
	var one, other uint32
	var reserved string
	for _, q := range []struct {
		sql  string
		into []any
		keep func()
	}{
		{functionsSQL, []any{&f.OID, &f.Name, &f.Language, &f.Text}, func() {
			kept, name := f, strings.ToLower(f.Name)
			c.functions[f.OID] = &kept
			c.named[name] = append(c.named[name], f.OID)
		}},
		{relationsSQL, []any{&one, &r.schema, &r.name}, func() {
			c.relations[one] = r
			name := strings.ToLower(r.name)
			c.byName[name] = append(c.byName[name], one)
		}},
		{triggersSQL, []any{&t.Relation, &t.Name, &t.Function, &t.Type, &t.Arguments}, func() { c.triggers[t.Relation] = append(c.triggers[t.Relation], t) }},
		{actionsSQL, []any{&a.OID, &a.Name, &a.Referred, &a.Relation, &a.Columns, &a.References, &a.OnDelete, &a.OnUpdate}, func() {
			kept := a
			kept.Columns, kept.References = slices.Clone(a.Columns), slices.Clone(a.References)
			c.actions[a.Referred] = append(c.actions[a.Referred], kept)
		}},
		{partsOfSQL, []any{&one, &other}, func() { c.parts[one] = append(c.parts[one], other) }},
		{rulesSQL, []any{&rule.Of, &rule.Relation, &rule.Function}, func() { c.rules[rule.Of] = append(c.rules[rule.Of], rule) }},
		{reservedSQL, []any{&reserved}, func() { c.reserved[reserved] = true }},
		{defaultsSQL, []any{&one, &other}, func() { c.defaults[one] = append(c.defaults[one], other) }},
	} {
		rows, err := tx.Query(ctx, q.sql)
		if err != nil {
			return err
		}
		if _, err := pgx.ForEachRow(rows, q.into, func() error { q.keep(); return nil }); err != nil {
			return err
		}
	}
	return nil
}

// family gives a table with all that are parts of it, and all that it is part of.
func (c *pgCode) family(relation uint32) []uint32 {
	all := []uint32{relation}
	for i := 0; i < len(all); i++ {
		for _, part := range c.parts[all[i]] {
			addOnce(&all, part)
		}
	}
	return all
}

// word finds keywords, and names without quotes.
var word = regexp.MustCompile(`[\pL_][\pL\pN_$]*`)

// words gives every keyword and plain name in a text, in lower case, each once. Those in constants, in comments and in quotes are among them.
func words(text string) []string {
	return once(word.FindAllString(text, -1))
}

// names gives what may be a name in a text: each word that is no reserved one, and whatever stands between two quotes.
func (c *pgCode) names(text string) []string {
	all := slices.DeleteFunc(words(text), func(w string) bool { return c.reserved[w] })
	return once(append(all, strings.Split(text, `"`)...))
}

// once gives each text once, in lower case.
func once(all []string) (out []string) {
	seen := map[string]bool{}
	for _, w := range all {
		if w = strings.ToLower(w); !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

var (
	// assigned finds where a trigger gives its row another value as a whole.
	assigned = regexp.MustCompile(`(?i)\bnew\s*:?=|\binto\s+(?:strict\s+)?new\b`)

	// returned finds what it gives back.
	returned = regexp.MustCompile(`(?i)\breturn\b([^;]*)`)
)

// replaces says whether a trigger's function may put another row in the place of the one that it was given, rather than set some of its columns by name.
func (f *pgFunction) replaces() bool {
	return f.opaque() || assigned.MatchString(f.Text) || slices.ContainsFunc(returned.FindAllStringSubmatch(f.Text, -1), func(m []string) bool {
		switch strings.ToLower(strings.Join(strings.Fields(m[1]), "")) {
		case "", "new", "old", "null", "coalesce(new,old)":
			return false
		}
		return true
	})
}

// opaque says whether a function's text doesn't tell what it writes.
func (f *pgFunction) opaque() bool {
	if f.Language != "sql" && f.Language != "plpgsql" {
		return true
	}
	return slices.ContainsFunc(words(f.Text), func(w string) bool {
		return w == "execute" || strings.HasPrefix(w, "dblink") || strings.HasPrefix(w, "query_to_xml")
	})
}
