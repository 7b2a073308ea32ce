package sqlite

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// validJSON refuses what is not JSON, in PostgREST's words.
func validJSON(doc []byte) error {
	if !json.Valid(doc) {
		return fault.New(fault.BadBody, "Empty or invalid json")
	}
	return nil
}

// A row is one object of the body, as values of the write's columns.
type row struct {
	w    *litesql.Write
	zone *time.Location // in which timestamps are meant that name no zone
	vals []any
	set  []bool
}

func newRow(w *litesql.Write, zone *time.Location) *row {
	return &row{w: w, zone: zone, vals: make([]any, len(w.Columns)), set: make([]bool, len(w.Columns))}
}

// read takes an object apart. Keys that are no columns of the write are passed by.
func (r *row) read(doc []byte) error {
	clear(r.vals)
	clear(r.set)
	doc = trim(doc)
	if len(doc) == 0 || doc[0] != '{' {
		return fault.New(fault.Code("22023"), "argument of json_to_recordset must be an array of objects")
	}
	guess := 0
	i := skipSpace(doc, 1)
	for i < len(doc) && doc[i] == '"' {
		end := skipValue(doc, i)
		name := view(doc[i+1 : end-1])
		from := skipSpace(doc, skipSpace(doc, end)+1)
		i = skipValue(doc, from)
		if strings.IndexByte(name, '\\') >= 0 {
			name = value.UnescapeJSON(name)
		}
		if at := r.find(name, guess); at >= 0 {
			col := r.w.Columns[at]
			v, err := value.FromJSONIn(col.Type, col.Name, doc[from:i], r.zone)
			if err != nil {
				return err
			}
			r.vals[at], r.set[at] = v, true
			guess = at + 1
		}
		if i = skipSpace(doc, i); i < len(doc) && doc[i] == ',' {
			i = skipSpace(doc, i+1)
		}
	}
	return nil
}

// find gives a column's place; the objects of a body mostly have their keys in one order, so the place after the last one comes first.
func (r *row) find(name string, guess int) int {
	if guess < r.w.Given && r.w.Columns[guess].Name == name {
		return guess
	}
	for i := range r.w.Given {
		if r.w.Columns[i].Name == name {
			return i
		}
	}
	return -1
}

// useDefault gives a column of an update its default.
func (r *row) useDefault(i int) error {
	d := r.w.Columns[i].Default
	switch {
	case d == nil:
	case d.Now || d.UUID:
		return r.make(i, time.Now())
	case d.Value != nil:
		v, err := value.Parse(r.w.Columns[i].Type, *d.Value)
		if err != nil {
			return err
		}
		r.vals[i], r.set[i] = v, true
	default:
		return fault.Newf(fault.NotOnSQLite, "setting %q to a default that is an SQL expression is not supported on SQLite yet", r.w.Columns[i].Name)
	}
	return nil
}

// make fills in a default that Pintail makes itself.
func (r *row) make(i int, at time.Time) error {
	col := r.w.Columns[i]
	text := ""
	if col.Default.Now {
		text = now(at)
		if col.Type.Kind() == schema.Text {
			r.vals[i], r.set[i] = text, true
			return nil
		}
	} else {
		text = newUUID()
	}
	v, err := value.Parse(col.Type, text)
	r.vals[i], r.set[i] = v, err == nil
	return err
}

// insert adds the rows of the body, and those of related tables: first the ones that the rows take something of, after them those
// that take something of the rows.
func (g *changing) insert(w *plan.Write) error {
	for i := range w.Nested {
		if n := &w.Nested[i]; n.Before {
			in, err := g.related(i, n)
			if err != nil {
				return err
			}
			if err := g.link(n, w, n.Write, in.given); err != nil {
				return err
			}
		}
	}
	if err := g.insertRows(w); err != nil {
		return err
	}
	if len(w.Nested) == 0 {
		return nil
	}
	if err := g.holds(); err != nil {
		return err
	}
	for i := range w.Nested {
		if n := &w.Nested[i]; !n.Before {
			if err := g.link(n, n.Write, w, g.given); err != nil {
				return err
			}
			if _, err := g.related(i, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// link lets the rows of one write take what those of another give.
func (g *changing) link(n *plan.Nested, taking, giving *plan.Write, given store.Given) error {
	rows, err := store.Link(n, g.args[taking.Rows].Text, g.args[giving.Rows].Text, g.args[n.Parents].Text, given)
	g.args[taking.Rows].Text = rows
	return err
}

// related inserts nested rows, with those nested in them.
func (g *changing) related(i int, n *plan.Nested) (*changing, error) {
	in := &changing{s: g.s, c: g.c, w: g.w.Nested[i], args: g.args, whole: g.whole}
	if err := in.insert(n.Write); err != nil {
		return nil, err
	}
	g.nested += in.res.Affected + in.nested
	return in, in.holds()
}

// insertRows adds the rows of the body, one prepared statement run again and again.
func (g *changing) insertRows(w *plan.Write) error {
	doc, err := g.body(w)
	if err != nil {
		return err
	}
	in := &inserting{changing: g, row: newRow(g.w, g.c.zone), at: time.Now(), defaults: w.Default}
	defer in.done()
	d := trim(doc)
	switch {
	case len(d) > 0 && d[0] == '{':
		return fault.New(fault.Code("22023"), "cannot call json_to_recordset on an object")
	case len(d) == 0 || d[0] != '[':
		return fault.New(fault.Code("22023"), "cannot call json_to_recordset on a scalar")
	}
	for e := range elements(d) {
		if err := in.one(e); err != nil {
			return err
		}
	}
	return nil
}

// An inserting is an insert while its rows go in.
type inserting struct {
	*changing
	row      *row
	at       time.Time // one moment for all rows
	defaults bool
	st       *stmt
	mask     []bool // the columns that st sets
}

type insertKey struct {
	w    *litesql.Write
	mask string
	keys bool
}

func (in *inserting) one(doc []byte) error {
	r, w := in.row, in.w
	if err := r.read(doc); err != nil {
		return err
	}
	for i, col := range w.Columns {
		if i >= w.Given || !r.set[i] && in.defaults && col.Default != nil && (col.Default.Now || col.Default.UUID) {
			if err := r.make(i, in.at); err != nil {
				return err
			}
			continue
		}
		if !in.defaults {
			r.set[i] = true
		}
	}
	for _, m := range w.Put {
		if ok, err := in.puts(m); err != nil {
			return err
		} else if !ok {
			return fault.New(fault.PutKeyMismatch, "Payload values do not match URL in primary key column(s)")
		}
	}
	if col := r.refused(); col != nil {
		return notNull(w.Table.Name.Name, col.Name, &rowError{w: w, row: r})
	}
	if err := in.prepare(); err != nil {
		return err
	}
	n := 1
	if w.Conflict != nil {
		n += len(w.Conflict.Binds)
	}
	for i, col := range w.Columns {
		if !r.set[i] {
			continue
		}
		if err := bindValue(in.st, n, r.vals[i], col.Type, col.Storage); err != nil {
			return err
		}
		n++
	}
	return in.run()
}

// refused is the column that PostgreSQL would refuse a row for that gives a null where there can't be one: the table's first.
func (r *row) refused() *schema.Column {
	var first *schema.Column
	for i, col := range r.w.Columns {
		if r.set[i] && r.vals[i] == nil && mustHave(col) && (first == nil || col.Position < first.Position) {
			first = col
		}
	}
	if first == nil {
		return nil
	}
	for _, col := range r.w.Table.Columns[:first.Position] { // one that the row leaves out comes before it
		left := !slices.ContainsFunc(r.w.Columns, func(c *schema.Column) bool { return c == col })
		if left && col.NotNull && col.Default == nil && col.Generated == nil && col.Identity == schema.NoIdentity {
			return col
		}
	}
	return first
}

// mustHave says that a null in the column is refused. SQLite itself would number a null in an INTEGER PRIMARY KEY.
func mustHave(col *schema.Column) bool {
	if col.NotNull {
		return true
	}
	k := col.Table.Primary
	return k != nil && slices.Contains(k.Columns, col)
}

// puts says whether PUT's key in the URL is the row's.
func (in *inserting) puts(m litesql.Match) (bool, error) {
	for i, col := range in.w.Columns {
		if col == m.Column && in.row.set[i] {
			want, err := value.Parse(col.Type, in.args[m.Arg].Text)
			if err != nil {
				return false, err
			}
			return in.row.vals[i] != nil && value.Compare(col.Type, want, in.row.vals[i]) == 0, nil
		}
	}
	return false, nil
}

// prepare finds the statement for the columns that the row sets.
func (in *inserting) prepare() error {
	if in.st != nil && equalMask(in.mask, in.row.set) {
		return nil
	}
	in.mask = append(in.mask[:0], in.row.set...)
	bits := make([]byte, len(in.mask))
	for i, set := range in.mask {
		if set {
			bits[i] = 1
		}
	}
	in.done()
	key := insertKey{in.w, string(bits), in.keyed()}
	st := in.c.stmts[key]
	if st == nil {
		var err error
		if st, err = in.c.prepare(key, in.w.Insert(in.mask, in.keyed())); err != nil {
			return err
		}
	}
	in.st = in.c.use(st)
	if cf := in.w.Conflict; cf != nil && len(cf.Binds) > 0 && st.BindCount() >= len(cf.Binds) {
		return errors.Join(in.c.specs(st, cf.Binds), in.c.bind(st, cf.Binds, &binding{args: in.args}))
	}
	return nil
}

func equalMask(a, b []bool) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// keyed says that the statement gives the row's key: only then is it known whether a conflict was passed by.
func (in *inserting) keyed() bool { return in.want || in.w.Conflict != nil || len(in.w.Giving) > 0 }

func (in *inserting) done() {
	if in.st != nil {
		in.st.Reset()
	}
}

// run inserts the bound row.
func (in *inserting) run() error {
	if !in.keyed() {
		if err := in.st.Exec(); err != nil {
			return &rowError{err: in.c.usedUp(err, in.w.Table), w: in.w, row: in.row}
		}
		in.res.Affected++
		in.res.Inserted++
		return nil
	}
	there, err := in.taken()
	if err != nil {
		return err
	}
	in.c.SetLastInsertRowID(math.MinInt64)
	found := in.st.Step()
	if found && len(in.w.Giving) > 0 {
		in.gives()
	}
	if found && in.w.Key != "" {
		at := len(in.keys)
		in.touched(in.st.ColumnValue(0))
		if cf := in.w.Conflict; cf != nil && !cf.Nothing {
			if in.seen == nil {
				in.seen = map[string]bool{}
			}
			key := strings.TrimPrefix(string(in.keys[at:]), ",")
			if in.seen[key] {
				return fault.New(fault.CardinalityViolation, "ON CONFLICT DO UPDATE command cannot affect row a second time").WithStatus(400).
					WithHint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.")
			}
			in.seen[key] = true
		}
	}
	if found {
		in.st.Step()
	}
	if err := in.st.Reset(); err != nil {
		return &rowError{err: in.c.usedUp(err, in.w.Table), w: in.w, row: in.row}
	}
	if found {
		in.res.Affected++
		if in.c.LastInsertRowID() != math.MinInt64 || in.w.Table.WithoutRowID && !there {
			in.res.Inserted++
		}
	}
	return nil
}

// usedUp tells a table whose numbers are used up from a full disk: SQLite has one error for both. It may have rolled back what the
// transaction did, so that only numbers that were used up before it are seen.
func (c *conn) usedUp(err error, t *schema.Table) error {
	if !errors.Is(err, sqlite3.FULL) {
		return err
	}
	st, _, bad := c.Prepare("SELECT seq FROM sqlite_sequence WHERE name = ?1")
	if bad != nil {
		return err // no table has AUTOINCREMENT
	}
	defer st.Close()
	if st.BindText(1, t.Name.Name) != nil || !st.Step() || st.ColumnInt64(0) != math.MaxInt64 {
		return err
	}
	for _, col := range t.Columns {
		if col.Identity != schema.NoIdentity {
			return fault.Newf(fault.NumbersUsedUp, "nextval: reached maximum value of sequence \"%s_%s_seq\" (%d)", t.Name.Name, col.Name, math.MaxInt64).WithCause(err)
		}
	}
	return err
}

// gives notes what the row that went in gives to others.
func (in *inserting) gives() {
	at := 0
	if in.w.Key != "" {
		at = 1
	}
	row := make(map[string]json.RawMessage, len(in.w.Giving))
	for i := range in.w.Gives.Fields {
		f := &in.w.Gives.Fields[i]
		row[f.Name] = in.c.appendJSON(nil, in.st.ColumnValue(at+f.Col), &f.Form)
	}
	in.given = append(in.given, row)
}

// taken says whether the row will be updated rather than inserted. Rowids tell that afterwards; a table without them has to be asked before.
func (in *inserting) taken() (bool, error) {
	cf := in.w.Conflict
	if !in.w.Table.WithoutRowID || cf == nil || cf.Nothing {
		return false, nil
	}
	sql, target := in.w.Taken()
	if len(target) == 0 {
		return false, nil
	}
	st, err := in.c.text(sql)
	if err != nil {
		return false, err
	}
	defer st.Reset()
	for i, col := range target {
		if err := bindValue(st, i+1, in.row.of(col), col.Type, col.Storage); err != nil {
			return false, err
		}
	}
	return st.Step(), st.Err()
}
