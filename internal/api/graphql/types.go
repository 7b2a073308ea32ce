package graphql

import (
	"iter"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A Type is one named type of the API. It is immutable.
type Type struct {
	Name        string
	Description string
	Kind        ast.DefinitionKind // Scalar, Object, InputObject or Enum
	Fields      []*Field           // of an Object, or the keys of an InputObject, in the order of introspection; unset of a root: see All
	Values      []EnumValue        // of an Enum

	Is       Meaning
	Table    *schema.Table    // of all that is made from a table
	Function *schema.Function // of a function's arguments or result
	Column   *schema.Column   // of FieldPath and the like, where one is meant
	Of       schema.Type      // of a Scalar, an Enum column type and a Comparison: the values' type
	// Aggregate is the function of a FieldsOf… type (sum, max, …) and of an order by or a condition on one.
	Aggregate query.Aggregate

	root *root // of query_root and mutation_root, whose fields are made one by one
}

// Field gives a field or key by its name; nil where there is none. An object has __typename, and query_root __schema and
// __type, which All leaves out.
func (t *Type) Field(name string) *Field {
	if name == typeName.Name && t.Kind == ast.Object {
		return typeName
	}
	if t.root != nil {
		return t.root.field(name)
	}
	for _, f := range t.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// All gives the fields or keys in the order of introspection. Those of a root are made as they are asked for.
func (t *Type) All() iter.Seq[*Field] {
	if t.root != nil {
		return t.root.all
	}
	return slices.Values(t.Fields)
}

// Value gives an enum's value by its name; nil where there is none.
func (t *Type) Value(name string) *EnumValue {
	for i := range t.Values {
		if t.Values[i].Name == name {
			return &t.Values[i]
		}
	}
	return nil
}

// A Field is a field of an object, a key of an input object, or an argument.
type Field struct {
	Name        string
	Description string
	Type        *ast.Type  // named types by name, with list and non-null around them
	Args        []*Field   // of an object's field
	Default     *ast.Value // of an argument or key; nil for none

	Is        Meaning
	Table     *schema.Table    // root fields: the table that is asked or written
	Column    *schema.Column   // the column of a value, a comparison, an input key
	Relation  *schema.Relation // the relation of an embed, a nested condition, order or insert
	Function  *schema.Function // a root field that calls, or a computed column of the row
	Argument  *schema.Arg      // of a function's argument
	Op        query.Op         // of a comparison: _eq, _in, …
	Any       query.Quantifier // of a comparison with one of several values (_matches_any)
	Not       bool             // the comparison is turned round (_nin, _nlike)
	Alter     query.Alteration // of an update's argument: _inc, _append, …
	Aggregate query.Aggregate  // of a field of aggregates: count, sum, …
	List      bool             // of a comparison: the value is a list (_in, _has_keys_any)
}

// Arg gives an argument by its name; nil where there is none.
func (f *Field) Arg(name string) *Field {
	for _, a := range f.Args {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// An EnumValue is one value of an Enum.
type EnumValue struct {
	Name        string
	Description string
	Value       string          // in the database, of a schema file's enum and of an enum table
	Column      *schema.Column  // of t_select_column and t_update_column
	Key         *schema.Key     // of t_constraint
	Direction   query.Direction // of order_by
	Nulls       query.Nulls
}

// A Meaning says what a type or field stands for. Lowering switches on it.
type Meaning uint8

const (
	Nothing Meaning = iota

	// Root fields. Table is set, but for functions.
	RootSelect      // t(where, order_by, limit, offset, distinct_on): [t!]!
	RootByKey       // t_by_pk(key columns): t
	RootAggregate   // t_aggregate(as RootSelect): t_aggregate!
	RootGroup       // t_group(by, where, having, order_by, limit, offset): [t_group!]!
	RootCall        // function(args, as RootSelect): rows, a row, or a value
	RootCallSummary // function_aggregate
	RootInsert      // insert_t(objects, on_conflict): t_mutation_response
	RootInsertOne   // insert_t_one(object, on_conflict): t
	RootUpdate      // update_t(where, _set, _inc, …): t_mutation_response
	RootUpdateByKey // update_t_by_pk(pk_columns, _set, …): t
	RootUpdateMany  // update_t_many(updates): [t_mutation_response]
	RootDelete      // delete_t(where): t_mutation_response
	RootDeleteByKey // delete_t_by_pk(key columns): t
	RootSchema      // __schema
	RootType        // __type(name)
	RootNothing     // no_queries_available: where nothing is served; a text

	// Fields of objects.
	TypeName        // __typename
	ColumnValue     // a column; jsonb ones have the argument path
	ComputedValue   // a function of the row
	RelationRow     // a to-one relation
	RelationRows    // a to-many relation, with the arguments of RootSelect
	RelationSummary // relation_aggregate
	AggregateOf     // t_aggregate.aggregate, t_group.aggregate
	AggregateNodes  // t_aggregate.nodes
	AggregateCount  // count(columns, distinct)
	AggregateFields // sum, max, …: an object of columns; Aggregate says which
	AggregateValue  // one column of these
	GroupKey        // t_group.key
	AffectedRows    // t_mutation_response.affected_rows
	Returning       // t_mutation_response.returning
	ResultColumn    // a column of a function's own result type
	MetaField       // of introspection's types

	// Types.
	QueryRoot
	MutationRoot
	SubscriptionRoot
	RowType          // t
	SummaryType      // t_aggregate
	GroupType        // t_group
	GroupKeyType     // t_group_key
	AggregatesType   // t_aggregate_fields
	AggregateOfType  // t_sum_fields, …
	MutationResponse // t_mutation_response
	ResultType       // rows of a function with columns of its own
	BoolExp          // t_bool_exp
	Comparison       // X_comparison_exp
	CastExp          // jsonb_cast_exp
	SummaryBoolExp   // t_aggregate_bool_exp: conditions on a relation's aggregates
	SummaryBoolExpOf // t_aggregate_bool_exp_count, …_bool_and, …: {arguments, distinct, filter, predicate}
	HavingExp        // t_group_having
	HavingOf         // t_group_having_sum, …: columns to comparisons; without an Aggregate (t_group_having_key) of what is grouped by
	OrderBy          // t_order_by
	SummaryOrderBy   // t_aggregate_order_by
	SummaryOrderByOf // t_sum_order_by, …
	GroupOrderBy     // t_group_order_by
	GroupKeyOrderBy  // t_group_key_order_by
	InsertInput      // t_insert_input
	NestedOne        // t_obj_rel_insert_input: {data, on_conflict}
	NestedMany       // t_arr_rel_insert_input
	OnConflict       // t_on_conflict: {constraint, update_columns, where}
	SetInput         // t_set_input
	AlterInput       // t_inc_input, t_append_input, …
	KeyInput         // t_pk_columns_input
	UpdatesInput     // t_updates: {where, _set, …}
	ArgumentsInput   // function_args
	SelectColumn     // enum t_select_column
	UpdateColumn     // enum t_update_column
	ConstraintEnum   // enum t_constraint
	OrderByEnum      // enum order_by
	DatabaseEnum     // an enum of the schema file
	TableEnum        // t_enum of an enum table
	ScalarType
	MetaType // of introspection: __Schema, __Type, …

	// Arguments and keys of input objects.
	ArgWhere
	ArgOrderBy
	ArgLimit
	ArgOffset
	ArgDistinctOn
	ArgBy // of t_group
	ArgHaving
	ArgKeyColumn  // a primary key's column, of …_by_pk
	ArgKeyColumns // pk_columns
	ArgObjects
	ArgObject
	ArgOnConflict
	ArgSet
	ArgAlter // _inc, _append, …
	ArgUpdates
	ArgCall     // args
	ArgPath     // path of a jsonb column
	ArgColumns  // columns of count
	ArgDistinct // distinct of count
	KeyAnd      // _and
	KeyOr
	KeyNot
	KeyColumn    // a column of a where, order_by, insert or set
	KeyRelation  // a relation of a where, order_by or insert
	KeySummary   // relation_aggregate of a where or order_by
	KeyComputed  // a function of the row, of a where or order_by
	KeyOperator  // _eq, …
	KeyCast      // _cast, and String in it
	KeyAggregate // count, sum, … of a condition, having or order by
	KeyGroupKey  // key of a having or of an order by of groups: the columns that are grouped by
	KeyArguments // arguments of a condition on an aggregate
	KeyFilter
	KeyPredicate
	KeyData  // data of a nested insert
	KeyWhere // where of an update of many, and of on_conflict
	KeyConstraint
	KeyUpdateColumns
	MetaArg // of introspection's fields and of directives
)
