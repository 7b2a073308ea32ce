package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// A settler makes a live schema comparable with a file. It takes away what the file never knew, since more in the database
// is left alone, and lets pass what can't be compared: an engine writes expressions its own way, and SQLite has no
// comments, enums or functions at all. last is what the database was brought to before; nil where it never was.
type settler struct {
	live, file, last *schema.Schema
	e                Engine
	w                *liteWriter
	more             map[*schema.Table]*schema.Table // what SQLite's tables have beside, by the file's table
}

// settle gives the schema to go to: the file, on SQLite with what its tables have beside, since a table that is made anew
// must keep that too.
func settle(live, file, last *schema.Schema, e Engine) *schema.Schema {
	s := &settler{live: live, file: file, last: last, e: e, w: &liteWriter{s: file}, more: map[*schema.Table]*schema.Table{}}
	if e == SQLite {
		s.storedNames()
	}
	s.live.Link()
	s.types()
	s.functions()
	s.tables()
	for _, t := range live.Tables {
		t.Relations = nil // they don't count, and may lead to what isn't there any more
	}
	live.Default, live.Exposed, live.SearchPath = file.Default, file.Exposed, file.SearchPath
	if text := joinComment(file.Title, file.Comment); e == SQLite || text == "" && (last == nil || joinComment(last.Title, last.Comment) == "") {
		live.Title, live.Comment = file.Title, file.Comment
	}
	live.Link()
	if len(s.more) == 0 {
		return file
	}
	return s.withMore()
}

// withMore is the file with what the live tables have beside.
func (s *settler) withMore() *schema.Schema {
	out := *s.file
	out.Tables = nil
	for _, t := range s.file.Tables {
		both := twin(t)
		out.Tables = append(out.Tables, both)
		more := s.more[t]
		if more == nil {
			continue
		}
		live, ok := s.live.TableNamed(t.Name)
		if !ok && t.RenamedFrom != "" {
			live, ok = s.live.TableNamed(schema.Name{Schema: t.Name.Schema, Name: t.RenamedFrom})
		}
		if !ok {
			continue
		}
		both.Columns = append(both.Columns, twin(more).Columns...)
		both.Uniques = append(slices.Clone(both.Uniques), more.Uniques...)
		both.Checks = append(slices.Clone(both.Checks), more.Checks...)
		both.Foreign = append(slices.Clone(both.Foreign), more.Foreign...)
		live.Columns = append(live.Columns, more.Columns...)
		live.Uniques = append(live.Uniques, more.Uniques...)
		live.Checks = append(live.Checks, more.Checks...)
		live.Foreign = append(live.Foreign, more.Foreign...)
	}
	out.Link()
	s.live.Link()
	return &out
}

// beside remembers what a live table has and the file never knew.
func (s *settler) beside(file *schema.Table, add func(*schema.Table)) {
	if s.e != SQLite {
		return // nothing there is ever made anew
	}
	if s.more[file] == nil {
		s.more[file] = &schema.Table{}
	}
	add(s.more[file])
}

// storedNames gives tables their names in the file back: SQLite holds shop.order as a name with a dot.
func (s *settler) storedNames() {
	names := map[string]schema.Name{}
	for _, from := range []*schema.Schema{s.last, s.file} {
		if from != nil {
			impossible := notOnSQLite(from)
			for _, t := range from.Tables {
				if t.View == nil && impossible[t] != "" {
					continue
				}
				names[strings.ToLower(litesql.StoredName(t.Name))] = t.Name
			}
		}
	}
	for _, t := range s.live.Tables {
		if n, ok := names[strings.ToLower(t.Name.Name)]; ok {
			t.Name = n
		}
	}
}

// known says whether the file has something of a name, or had it when the database was last brought to it.
func known[T any](file, last []T, name func(T) string) func(string) bool {
	has := map[string]bool{}
	for _, x := range slices.Concat(file, last) {
		has[name(x)] = true
	}
	return func(n string) bool { return has[n] }
}

// index finds things by name.
func index[T any](list []T, name func(T) string) map[string]T {
	out := make(map[string]T, len(list))
	for _, x := range list {
		out[name(x)] = x
	}
	return out
}

func (s *settler) lastOf() *schema.Schema {
	if s.last == nil {
		return &schema.Schema{Default: s.file.Default}
	}
	return s.last
}

// key is a name with its schema said.
func (s *settler) key(n schema.Name) string {
	if n.Schema == "" {
		n.Schema = s.file.Default
	}
	return n.Schema + "\x00" + n.Name
}

func (s *settler) types() {
	last := s.lastOf()
	enum := func(e *schema.Enum) string { return s.key(e.Name) }
	composite := func(c *schema.Composite) string { return s.key(c.Name) }
	domain := func(d *schema.Domain) string { return s.key(d.Name) }
	inFile, wasEnum := index(s.file.Enums, enum), known(s.file.Enums, last.Enums, enum)
	renamed := map[string]bool{}
	for _, e := range s.file.Enums {
		if e.RenamedFrom != "" {
			renamed[s.key(schema.Name{Schema: e.Name.Schema, Name: e.RenamedFrom})] = true
		}
	}
	s.live.Enums = slices.DeleteFunc(s.live.Enums, func(e *schema.Enum) bool { return !wasEnum(enum(e)) && !renamed[enum(e)] })
	if s.e == SQLite {
		have := index(s.live.Enums, enum)
		for _, e := range s.file.Enums {
			if have[enum(e)] == nil {
				s.live.Enums = append(s.live.Enums, e)
			}
		}
		s.live.Composites, s.live.Domains = s.file.Composites, s.file.Domains
	}
	for _, e := range s.live.Enums {
		if f := inFile[enum(e)]; f != nil && s.e == SQLite {
			e.Comment = f.Comment
		}
	}
	wasComposite, wasDomain := known(s.file.Composites, last.Composites, composite), known(s.file.Domains, last.Domains, domain)
	s.live.Composites = slices.DeleteFunc(s.live.Composites, func(c *schema.Composite) bool { return !wasComposite(composite(c)) })
	s.live.Domains = slices.DeleteFunc(s.live.Domains, func(d *schema.Domain) bool { return !wasDomain(domain(d)) })
	domains, before := index(s.file.Domains, domain), index(last.Domains, domain)
	for _, d := range s.live.Domains {
		f, old := domains[domain(d)], before[domain(d)]
		if f == nil || d == f {
			continue
		}
		if old == nil || old.Default == f.Default {
			d.Default = f.Default
		}
		if old == nil || sameChecks(old.Checks, f.Checks) {
			d.Checks = f.Checks
		}
		d.Comment = f.Comment
	}
}

func sameChecks(a, b []*schema.Check) bool {
	return slices.EqualFunc(a, b, func(x, y *schema.Check) bool { return x.Name == y.Name && x.Postgres == y.Postgres })
}

// functions are compared by what the file said before.
func (s *settler) functions() {
	last := s.lastOf()
	w := &pgWriter{s: s.file}
	name := func(f *schema.Function) string { return w.signature(f) }
	file, old := index(s.file.Functions, name), index(last.Functions, name)
	var out []*schema.Function
	if s.e == SQLite {
		s.live.Functions = s.file.Functions
		return
	}
	for _, f := range s.live.Functions {
		now, was := file[name(f)], old[name(f)]
		switch {
		case now == nil && was == nil:
		case now != nil && (was == nil || was.Postgres == now.Postgres && was.Comment == now.Comment):
			out = append(out, now)
		default:
			out = append(out, f)
		}
	}
	for _, f := range s.file.Functions {
		if f.Query != nil || f.Postgres == "" {
			out = append(out, f) // not the database's to have
		}
	}
	s.live.Functions = out
}

func (s *settler) tables() {
	last := s.lastOf()
	name := func(t *schema.Table) string { return s.key(t.Name) }
	file, old := index(s.file.Tables, name), index(last.Tables, name)
	for _, t := range s.file.Tables {
		if t.RenamedFrom == "" {
			continue
		}
		from := schema.Name{Schema: t.Name.Schema, Name: t.RenamedFrom}
		if n, rest, ok := strings.Cut(t.RenamedFrom, "."); ok {
			from = schema.Name{Schema: n, Name: rest}
		}
		if file[s.key(from)] == nil {
			file[s.key(from)] = t
		}
	}
	var out []*schema.Table
	for _, t := range s.live.Tables {
		now, was := file[name(t)], old[name(t)]
		switch {
		case now == nil && was == nil:
		case now == nil:
			out = append(out, t)
		default:
			s.table(t, now, was)
			out = append(out, t)
		}
	}
	if s.e == SQLite {
		for t := range notOnSQLite(s.file) {
			out = slices.DeleteFunc(out, func(x *schema.Table) bool { return name(x) == name(t) })
			out = append(out, twin(t)) // nothing can be done about it
		}
	}
	s.live.Tables = out
}

// table settles one table against the file's, and what the file said of it before.
func (s *settler) table(live, file, was *schema.Table) {
	if was == nil {
		was = &schema.Table{}
	}
	if live.View != nil && file.View != nil {
		s.view(live, file, was)
		return
	}
	if s.e == Postgres {
		live.Strict, live.WithoutRowID = file.Strict, file.WithoutRowID
	} else {
		live.Comment = file.Comment
	}
	column := func(c *schema.Column) string { return c.Name }
	now, before := index(file.Columns, column), index(was.Columns, column)
	for _, c := range file.Columns {
		if c.RenamedFrom != "" && now[c.RenamedFrom] == nil {
			now[c.RenamedFrom] = c
		}
	}
	var columns []*schema.Column
	for _, c := range live.Columns {
		f := now[c.Name]
		if s.e == SQLite && f == nil {
			f = columnNamed(file, c.Name)
		}
		if f == nil && before[c.Name] == nil {
			s.beside(file, func(t *schema.Table) { t.Columns = append(t.Columns, c) })
			continue
		}
		if f != nil {
			s.column(live, file, c, f, before[c.Name])
		}
		columns = append(columns, c)
	}
	live.Columns = columns
	s.constraints(live, file, was)
}

// column settles one column. On SQLite columns that are stored alike are alike.
func (s *settler) column(live, file *schema.Table, c, f, was *schema.Column) {
	if s.e == SQLite {
		c.Comment = f.Comment
		alike := *f
		alike.Name, alike.Type = c.Name, f.Type.WithoutDomains()
		if s.w.stored(live, c) == (&liteWriter{s: s.file}).stored(live, &alike) {
			table, name, position := c.Table, c.Name, c.Position
			*c = *f
			c.Table, c.Name, c.Position = table, name, position
		}
		return
	}
	c.Storage, c.Declared = f.Storage, f.Declared
	if isLiteCollation(f.Collate) && c.Collate == "" {
		c.Collate = f.Collate
	}
	w := &pgWriter{s: s.file}
	if c.Identity == f.Identity && f.Identity != schema.NoIdentity {
		c.Default = f.Default
	}
	switch {
	case c.Default == nil && f.Default == nil, c.Default == nil && w.defaultOf(f) != "", f.Default == nil:
	case was != nil && was.Default != nil && w.defaultOf(was) == w.defaultOf(f),
		was == nil && f.Default.Postgres != "", c.Default != nil && w.defaultOf(c) == w.defaultOf(f),
		c.Default == nil:
		c.Default = f.Default
	}
	if c.Generated != nil && f.Generated != nil && (was == nil || was.Generated == nil || was.Generated.Postgres == f.Generated.Postgres) {
		c.Generated = f.Generated
	}
	if c.Generated == nil && f.Generated != nil && f.Generated.Postgres == "" {
		c.Generated = f.Generated
	}
}

// constraints settles keys, checks, indexes and foreign keys.
func (s *settler) constraints(live, file, was *schema.Table) {
	key := func(k *schema.Key) string { return k.Name }
	check := func(k *schema.Check) string { return k.Name }
	idx := func(x *schema.Index) string { return x.Name }
	foreign := func(f *schema.ForeignKey) string { return f.Name }
	if s.e == SQLite {
		s.adoptNames(live, file)
	}
	if live.Primary != nil && file.Primary == nil && was.Primary == nil {
		live.Primary = nil
	}
	live.Uniques = slices.DeleteFunc(live.Uniques, func(k *schema.Key) bool {
		alien := !known(file.Uniques, was.Uniques, key)(k.Name) && !s.renamedKey(file, k)
		if alien {
			s.beside(file, func(t *schema.Table) { t.Uniques = append(t.Uniques, k) })
		}
		return alien
	})
	live.Foreign = slices.DeleteFunc(live.Foreign, func(f *schema.ForeignKey) bool {
		alien := !known(file.Foreign, was.Foreign, foreign)(f.Name)
		if alien {
			s.beside(file, func(t *schema.Table) { t.Foreign = append(t.Foreign, f) })
		}
		return alien
	})
	checks, oldChecks := index(file.Checks, check), index(was.Checks, check)
	var outChecks []*schema.Check
	for _, k := range live.Checks {
		f, o := checks[k.Name], oldChecks[k.Name]
		switch {
		case f == nil && o == nil:
			s.beside(file, func(t *schema.Table) { t.Checks = append(t.Checks, k) })
		case f != nil && (o == nil || s.checkText(file, f) == s.checkText(was, o)):
			outChecks = append(outChecks, f)
		default:
			outChecks = append(outChecks, k)
		}
	}
	for _, f := range file.Checks { // those that the engine can't have
		if s.checkText(file, f) == "" && !slices.Contains(outChecks, f) {
			outChecks = append(outChecks, f)
		}
	}
	live.Checks = outChecks
	indexes, oldIndexes := index(file.Indexes, idx), index(was.Indexes, idx)
	var outIndexes []*schema.Index
	for _, x := range live.Indexes {
		f, o := indexes[x.Name], oldIndexes[x.Name]
		switch {
		case f == nil && o == nil:
		case f != nil && o != nil && s.indexText(f) == s.indexText(o), f != nil && o == nil && !sameIndex(x, f, s),
			f != nil && s.indexText(x) == s.indexText(f):
			outIndexes = append(outIndexes, f)
		default:
			outIndexes = append(outIndexes, x)
		}
	}
	for _, f := range file.Indexes {
		if s.indexText(f) == "" && !slices.Contains(outIndexes, f) {
			outIndexes = append(outIndexes, f)
		}
	}
	live.Indexes = outIndexes
}

// sameIndex says whether two indexes can be compared and differ: neither stands there as an engine's own SQL.
func sameIndex(a, b *schema.Index, s *settler) bool {
	plain := func(x *schema.Index) bool { return x.Postgres == "" && x.SQLite == "" && x.Where == nil }
	return plain(a) && plain(b) && s.indexText(a) != s.indexText(b)
}

func (s *settler) checkText(t *schema.Table, k *schema.Check) string {
	var sql string
	if s.e == SQLite {
		sql, _ = (&liteWriter{s: s.file}).check(t, k)
	} else {
		sql, _ = (&pgWriter{s: s.file}).check(t, k)
	}
	return sql
}

func (s *settler) indexText(x *schema.Index) string {
	if s.e == SQLite {
		return (&liteWriter{s: s.file}).index(x)
	}
	return (&pgWriter{s: s.file}).index(x, false)
}

// renamedKey says whether the file has the same key under another name.
func (s *settler) renamedKey(file *schema.Table, k *schema.Key) bool {
	return slices.ContainsFunc(file.Uniques, func(f *schema.Key) bool { return sameNames(f.Columns, k.Columns) })
}

// adoptNames gives constraints of SQLite the file's names: there they need none, and to rename one would mean to make the
// table anew.
func (s *settler) adoptNames(live, file *schema.Table) {
	if live.Primary != nil && file.Primary != nil {
		live.Primary.Name = file.Primary.Name
		live.Primary.Deferrable, live.Primary.Deferred = file.Primary.Deferrable, file.Primary.Deferred
	}
	for _, k := range live.Uniques {
		for _, f := range file.Uniques {
			if sameNames(k.Columns, f.Columns) {
				k.Name, k.NullsNotDistinct, k.Deferrable, k.Deferred = f.Name, f.NullsNotDistinct, f.Deferrable, f.Deferred
			}
		}
	}
	for _, k := range live.Foreign {
		for _, f := range file.Foreign {
			if sameNames(k.Columns, f.Columns) && s.key(k.To.Name) == s.key(f.To.Name) {
				k.Name = f.Name
			}
		}
	}
}

func sameNames(a, b []*schema.Column) bool {
	return slices.EqualFunc(a, b, func(x, y *schema.Column) bool { return x.Name == y.Name })
}

// view lets a view pass whose SQL the file didn't change.
func (s *settler) view(live, file, was *schema.Table) {
	now, before := file.View.Postgres, ""
	if was.View != nil {
		before = was.View.Postgres
	}
	if s.e == SQLite {
		now = file.View.SQLite
		if was.View != nil {
			before = was.View.SQLite
		}
	}
	if was.View == nil || before == now {
		indexes := live.Indexes
		name := live.Name
		*live = *twin(file)
		live.Name = name
		live.Indexes = nil
		for _, x := range indexes {
			if slices.ContainsFunc(file.Indexes, func(f *schema.Index) bool { return f.Name == x.Name }) {
				live.Indexes = append(live.Indexes, x)
			}
		}
		if s.e == SQLite {
			live.Indexes = file.Indexes
		}
	}
}

// twin copies a table as far as linking a schema would change it.
func twin(t *schema.Table) *schema.Table {
	out := *t
	out.Relations = nil
	out.Columns = make([]*schema.Column, len(t.Columns))
	for i, c := range t.Columns {
		column := *c
		out.Columns[i] = &column
	}
	return &out
}

// A Problem is something by which answers would be wrong if the database were served with the file.
type Problem struct {
	Object string
	What   string
	Unique bool // a unique key is lost, not the primary one: a guard that acts refuses the writes that rely on it, and repairs it
}

func (p Problem) String() string { return fmt.Sprintf("%s: %s", p.Object, p.What) }
