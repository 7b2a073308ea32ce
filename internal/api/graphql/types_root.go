package graphql

import (
	"slices"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/schema"
)

// A root is query_root or mutation_root. Its fields are made one by one: a schema of a thousand tables has eleven thousand.
type root struct {
	types  *Types
	name   string
	is     Meaning
	writes bool

	functions []string          // fields of functions, in the file's order
	own       map[string]rootOf // fields of functions, and those of tables that the file gives a name

	mu   sync.RWMutex
	memo map[string]*Field
}

// A rootOf is what a root field is made from.
type rootOf struct {
	is       Meaning
	table    *schema.Table
	function *schema.Function
}

// rootFieldsMax is how many fields of a root are kept.
const rootFieldsMax = 2_000

// rootKinds are the fields of a table, in the order of introspection, and when a table has them.
var rootKinds = []struct {
	kind   schema.RootKind
	is     Meaning
	when   func(*schema.Table) bool
	writes bool

	prefix, suffix string // of the default name
}{
	{schema.SelectRoot, RootSelect, always, false, "", ""},
	{schema.SelectAggregateRoot, RootAggregate, always, false, "", "_aggregate"},
	{schema.SelectByPKRoot, RootByKey, keyed, false, "", "_by_pk"},
	{schema.SelectGroupRoot, RootGroup, always, false, "", "_group"},
	{schema.DeleteRoot, RootDelete, deletable, true, "delete_", ""},
	{schema.DeleteByPKRoot, RootDeleteByKey, func(x *schema.Table) bool { return deletable(x) && keyed(x) }, true, "delete_", "_by_pk"},
	{schema.InsertRoot, RootInsert, insertable, true, "insert_", ""},
	{schema.InsertOneRoot, RootInsertOne, insertable, true, "insert_", "_one"},
	{schema.UpdateRoot, RootUpdate, updatable, true, "update_", ""},
	{schema.UpdateByPKRoot, RootUpdateByKey, func(x *schema.Table) bool { return updatable(x) && keyed(x) }, true, "update_", "_by_pk"},
	{schema.UpdateManyRoot, RootUpdateMany, updatable, true, "update_", "_many"},
}

func always(*schema.Table) bool { return true }

func keyed(x *schema.Table) bool { return x.Primary != nil }

func newRoot(t *Types, writes bool) *root {
	r := &root{types: t, name: "query_root", is: QueryRoot, writes: writes, own: map[string]rootOf{}, memo: map[string]*Field{}}
	if writes {
		r.name, r.is = "mutation_root", MutationRoot
	}
	for _, x := range t.schema.Tables {
		if x.Roots == (schema.Roots{}) || !t.servesTable(x) {
			continue
		}
		for _, k := range rootKinds {
			if name := x.RootName(k.kind); k.writes == writes && k.when(x) && name != k.prefix+x.Type+k.suffix {
				r.own[name] = rootOf{is: k.is, table: x}
			}
		}
	}
	for _, f := range t.schema.Functions {
		if f.Volatile != writes || !t.calls(f) {
			continue
		}
		r.call(f.Field, rootOf{is: RootCall, function: f, table: f.Returns.Table})
		if f.Returns.Table != nil && f.Returns.SetOf {
			r.call(f.Field+"_aggregate", rootOf{is: RootCallSummary, function: f, table: f.Returns.Table})
		}
	}
	if !writes && r.empty() {
		r.call("no_queries_available", rootOf{is: RootNothing})
	}
	return r
}

func (r *root) call(name string, of rootOf) {
	if _, taken := r.own[name]; !taken {
		r.functions, r.own[name] = append(r.functions, name), of
	}
}

// empty says whether the root has no field.
func (r *root) empty() bool {
	for range r.each {
		return false
	}
	return true
}

// each gives all fields' names, in order, with what they are made from.
func (r *root) each(yield func(string, rootOf) bool) {
	for _, x := range r.types.schema.Tables {
		if !r.types.servesTable(x) {
			continue
		}
		for _, k := range rootKinds {
			if k.writes == r.writes && k.when(x) && !yield(x.RootName(k.kind), rootOf{is: k.is, table: x}) {
				return
			}
		}
	}
	for _, name := range r.functions {
		if !yield(name, r.own[name]) {
			return
		}
	}
}

// of finds what a field is made from.
func (r *root) of(name string) (rootOf, bool) {
	if of, ok := r.own[name]; ok {
		return of, true
	}
	for _, k := range rootKinds {
		if k.writes != r.writes || !strings.HasPrefix(name, k.prefix) {
			continue
		}
		base, ok := strings.CutSuffix(name[len(k.prefix):], k.suffix)
		if x := r.types.tables[base]; ok && x != nil && k.when(x) && x.RootName(k.kind) == name {
			return rootOf{is: k.is, table: x}, true
		}
	}
	return rootOf{}, false
}

func (r *root) asType() *Type {
	text := "query root"
	if r.is == MutationRoot {
		text = "mutation root"
	}
	return &Type{Name: r.name, Description: text, Kind: ast.Object, Is: r.is, root: r}
}

// all makes every field in order; none is kept.
func (r *root) all(yield func(*Field) bool) {
	for name, of := range r.each {
		if !yield(r.types.rootField(name, of)) {
			return
		}
	}
}

// field gives a field by its name; nil where there is none.
func (r *root) field(name string) *Field {
	r.mu.RLock()
	found := r.memo[name]
	r.mu.RUnlock()
	if found != nil {
		return found
	}
	of, ok := r.of(name)
	if !ok {
		for _, f := range metaRoots {
			if f.Name == name && !r.writes {
				return f
			}
		}
		return nil
	}
	made := r.types.rootField(name, of)
	r.mu.Lock()
	defer r.mu.Unlock()
	if found := r.memo[name]; found != nil {
		return found
	}
	if len(r.memo) >= rootFieldsMax {
		r.memo = map[string]*Field{}
	}
	r.memo[name] = made
	return made
}

func (t *Types) rootField(name string, of rootOf) *Field {
	x := of.table
	f := &Field{Name: name, Is: of.is, Table: x, Function: of.function}
	switch of.is {
	case RootSelect:
		f.Description = "fetch data from the table: " + quoted(x)
		f.Type, f.Args = required(listOf(x.Type)), t.rowsArgs(x)
	case RootAggregate:
		f.Description = "fetch aggregated fields from the table: " + quoted(x)
		f.Type, f.Args = required(named(x.Type+"_aggregate")), t.rowsArgs(x)
	case RootByKey:
		f.Description = "fetch data from the table: " + quoted(x) + " using primary key columns"
		f.Type, f.Args = named(x.Type), t.keyArgs(x)
	case RootGroup:
		f.Description = "fetch groups of rows from the table: " + quoted(x)
		f.Type, f.Args = required(listOf(t.grouped[x])), t.groupArgs(x)
	case RootCall, RootCallSummary:
		t.callField(f, of)
	case RootNothing:
		f.Description, f.Type = "the schema file has nothing that can be asked for", required(named("String"))
	default:
		t.writeField(f)
	}
	return f
}

// callField makes the field of a function or of the aggregate of its rows.
func (t *Types) callField(f *Field, of rootOf) {
	fn, r := of.function, of.function.Returns
	f.Description, f.Args = fn.Comment, t.argsOf(fn)
	switch {
	case of.is == RootCallSummary:
		f.Description = "execute function " + fn.Name.String() + " and query aggregates on its rows"
		f.Type, f.Args = required(named(r.Table.Type+"_aggregate")), append(f.Args, t.rowsArgs(r.Table)...)
		return
	case r.Table != nil && r.SetOf:
		f.Type, f.Args = required(listOf(r.Table.Type)), append(f.Args, t.rowsArgs(r.Table)...)
	case r.Table != nil:
		f.Type = nullUnless(r.NotNull, named(r.Table.Type))
	case len(r.Out) > 0 && r.SetOf:
		f.Type = required(listOf(r.Field))
	case len(r.Out) > 0:
		f.Type = nullUnless(r.NotNull, named(r.Field))
	case r.Void:
		f.Type = named("void")
	default:
		one := named("record")
		if !r.Record {
			one = t.typeOf(r.Type)
			f.Args = append(f.Args, pathArg(r.Type)...)
		}
		if f.Type = nullUnless(r.NotNull, one); r.SetOf {
			f.Type = required(ast.ListType(f.Type, nil))
		}
	}
	if f.Description == "" {
		f.Description = "execute function " + fn.Name.String()
	}
}

// writeField makes a table's field of mutation_root.
func (t *Types) writeField(f *Field) {
	x := f.Table
	response, row := named(x.Type+"_mutation_response"), named(x.Type)
	input, where := x.Type+"_insert_input", required(named(x.Type+"_bool_exp"))
	switch f.Is {
	case RootInsert:
		f.Description, f.Type = "insert data into the table: "+quoted(x), response
		f.Args = append([]*Field{{Name: "objects", Description: "the rows to be inserted", Type: required(listOf(input)), Is: ArgObjects, Table: x}}, t.onConflictArg(x)...)
	case RootInsertOne:
		f.Description, f.Type = "insert a single row into the table: "+quoted(x), row
		f.Args = append([]*Field{{Name: "object", Description: "the row to be inserted", Type: required(named(input)), Is: ArgObject, Table: x}}, t.onConflictArg(x)...)
	case RootUpdate:
		f.Description, f.Type = "update data of the table: "+quoted(x), response
		f.Args = append(t.changes(x), &Field{Name: "where", Description: "filter the rows which have to be updated", Type: where, Is: ArgWhere, Table: x})
	case RootUpdateByKey:
		f.Description, f.Type = "update single row of the table: "+quoted(x), row
		f.Args = append(t.changes(x), &Field{Name: "pk_columns", Type: required(named(x.Type + "_pk_columns_input")), Is: ArgKeyColumns, Table: x})
	case RootUpdateMany:
		f.Description, f.Type = "update several rows of the table, each in its own way: "+quoted(x), ast.ListType(response, nil)
		f.Args = []*Field{{Name: "updates", Description: "updates to execute, in order", Type: required(listOf(x.Type + "_updates")), Is: ArgUpdates, Table: x}}
	case RootDelete:
		f.Description, f.Type = "delete data from the table: "+quoted(x), response
		f.Args = []*Field{{Name: "where", Description: "filter the rows which have to be deleted", Type: where, Is: ArgWhere, Table: x}}
	case RootDeleteByKey:
		f.Description, f.Type = "delete single row from the table: "+quoted(x), row
		f.Args = slices.Clip(t.keyArgs(x))
	}
}
