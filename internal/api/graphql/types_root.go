package graphql

import (
	"slices"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/schema"
)

// A root is query_root or mutation_root. Its fields are made one by one: a schema of a thousand tables has some nine thousand.
type root struct {
	types  *Types
	name   string
	is     Meaning
	names  []string // in the order of introspection: tables in the file's order, then functions
	fields map[string]rootOf

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

func newRoot(t *Types, writes bool) *root {
	r := &root{types: t, name: "query_root", is: QueryRoot, fields: map[string]rootOf{}, memo: map[string]*Field{}}
	if writes {
		r.name, r.is = "mutation_root", MutationRoot
	}
	for _, x := range t.schema.Tables {
		if t.served(x.Name) {
			r.addTable(x, writes)
		}
	}
	for _, f := range t.schema.Functions {
		if f.Volatile != writes || !t.calls(f) {
			continue
		}
		r.add(f.Field, rootOf{is: RootCall, function: f, table: f.Returns.Table})
		if f.Returns.Table != nil && f.Returns.SetOf {
			r.add(f.Field+"_aggregate", rootOf{is: RootCallSummary, function: f, table: f.Returns.Table})
		}
	}
	if !writes && len(r.names) == 0 {
		r.add("no_queries_available", rootOf{is: RootNothing})
	}
	return r
}

func (r *root) add(name string, of rootOf) {
	if _, taken := r.fields[name]; !taken {
		r.names = append(r.names, name)
		r.fields[name] = of
	}
}

func (r *root) addTable(x *schema.Table, writes bool) {
	add := func(kind schema.RootKind, is Meaning, when bool) {
		if when && kind.Writes() == writes {
			r.add(x.RootName(kind), rootOf{is: is, table: x})
		}
	}
	key := x.Primary != nil
	add(schema.SelectRoot, RootSelect, true)
	add(schema.SelectAggregateRoot, RootAggregate, true)
	add(schema.SelectByPKRoot, RootByKey, key)
	add(schema.SelectGroupRoot, RootGroup, true)
	add(schema.DeleteRoot, RootDelete, deletable(x))
	add(schema.DeleteByPKRoot, RootDeleteByKey, deletable(x) && key)
	add(schema.InsertRoot, RootInsert, insertable(x))
	add(schema.InsertOneRoot, RootInsertOne, insertable(x))
	add(schema.UpdateRoot, RootUpdate, updatable(x))
	add(schema.UpdateByPKRoot, RootUpdateByKey, updatable(x) && key)
	add(schema.UpdateManyRoot, RootUpdateMany, updatable(x))
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
	for _, name := range r.names {
		if !yield(r.types.rootField(name, r.fields[name])) {
			return
		}
	}
}

// field gives a field by its name; nil where there is none.
func (r *root) field(name string) *Field {
	of, ok := r.fields[name]
	if !ok {
		return nil
	}
	r.mu.RLock()
	found := r.memo[name]
	r.mu.RUnlock()
	if found != nil {
		return found
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
		f.Description, f.Type = "update multiples rows of table: "+quoted(x), ast.ListType(response, nil)
		f.Args = []*Field{{Name: "updates", Description: "updates to execute, in order", Type: required(listOf(x.Type + "_updates")), Is: ArgUpdates, Table: x}}
	case RootDelete:
		f.Description, f.Type = "delete data from the table: "+quoted(x), response
		f.Args = []*Field{{Name: "where", Description: "filter the rows which have to be deleted", Type: where, Is: ArgWhere, Table: x}}
	case RootDeleteByKey:
		f.Description, f.Type = "delete single row from the table: "+quoted(x), row
		f.Args = slices.Clip(t.keyArgs(x))
	}
}
