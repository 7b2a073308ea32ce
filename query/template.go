package query

import "encoding/json"

// Limits on a template.
const (
	TemplateBytesMax = 64 << 10
	TemplateDepthMax = 200 // of expressions, embeds, nests and nested inserts inside each other
)

// A template is a query without its values, as JSON: what Encode writes and Decode reads. It has one key for each kind of
// node, and leaves out what is empty. In the place of a value stands what belongs to the shape of it: "?" for one value,
// "[?]" for a list, "null", or an object that names the claim.
//
//	{"select":{"from":{"name":"order"},"items":[{"output":{"field":{"column":"id"}}}],
//	 "where":{"compare":{"field":{"column":"status"},"op":"eq","value":"?"}},"limit":"?"}}
type template struct {
	Select   *selectT   `json:"select,omitzero"`
	Insert   *insertT   `json:"insert,omitzero"`
	Update   *updateT   `json:"update,omitzero"`
	Delete   *deleteT   `json:"delete,omitzero"`
	Call     *callT     `json:"call,omitzero"`
	Sequence *sequenceT `json:"sequence,omitzero"`
}

type sequenceT struct {
	Of       []template `json:"of"`
	Rollback bool       `json:"rollback,omitzero"`
}

type nameT struct {
	Schema string `json:"schema,omitzero"`
	Name   string `json:"name"`
}

type selectT struct {
	From     nameT     `json:"from,omitzero"`
	Items    []itemT   `json:"items,omitempty"`
	Where    *exprT    `json:"where,omitzero"`
	Distinct []fieldT  `json:"distinct,omitempty"`
	Group    []fieldT  `json:"group,omitempty"`
	Having   *exprT    `json:"having,omitzero"`
	Order    []orderT  `json:"order,omitempty"`
	Limit    *valueT   `json:"limit,omitzero"`
	Offset   *valueT   `json:"offset,omitzero"`
	Count    CountMode `json:"count,omitzero"`

	formT
	Summary bool `json:"summary,omitzero"`
}

type formT struct {
	StripNulls bool `json:"strip_nulls,omitzero"`
	CSV        bool `json:"csv,omitzero"`
	GeoJSON    bool `json:"geojson,omitzero"`
	Omit       bool `json:"omit,omitzero"`

	Media string `json:"media,omitzero"`
}

type itemT struct {
	Output  *outputT  `json:"output,omitzero"`
	Embed   *embedT   `json:"embed,omitzero"`
	Nest    *nestT    `json:"nest,omitzero"`
	Nodes   *nestT    `json:"nodes,omitzero"`
	Literal *literalT `json:"literal,omitzero"`
}

type literalT struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

type nestT struct {
	Key   string  `json:"key"`
	Items []itemT `json:"items,omitempty"`
}

type outputT struct {
	Star          bool      `json:"star,omitzero"`
	Field         fieldT    `json:"field,omitzero"`
	As            string    `json:"as,omitzero"`
	Cast          string    `json:"cast,omitzero"`
	Aggregate     Aggregate `json:"aggregate,omitzero"`
	AggregateCast string    `json:"aggregate_cast,omitzero"`
	Distinct      bool      `json:"distinct,omitzero"`
	More          []fieldT  `json:"more,omitempty"`
	Args          []argT    `json:"args,omitempty"`
}

type embedT struct {
	Target string   `json:"target"`
	Hint   string   `json:"hint,omitzero"`
	As     string   `json:"as,omitzero"`
	Join   Join     `json:"join,omitzero"`
	Spread bool     `json:"spread,omitzero"`
	Args   []argT   `json:"args,omitempty"`
	Select *selectT `json:"select,omitzero"`
}

type fieldT struct {
	Column string  `json:"column,omitzero"`
	Path   []stepT `json:"path,omitempty"`
}

// A stepT is a step without its key.
type stepT struct {
	Index  bool `json:"index,omitzero"`
	Text   bool `json:"text,omitzero"`
	Quoted bool `json:"quoted,omitzero"`
}

type orderT struct {
	Relation  string    `json:"relation,omitzero"`
	Via       []hopT    `json:"via,omitempty"`
	Field     fieldT    `json:"field,omitzero"`
	Aggregate Aggregate `json:"aggregate,omitzero"`
	Direction Direction `json:"direction,omitzero"`
	Nulls     Nulls     `json:"nulls,omitzero"`
}

type hopT struct {
	Relation string `json:"relation"`
	Hint     string `json:"hint,omitzero"`
}

type exprT struct {
	And      *[]exprT   `json:"and,omitzero"`
	Or       *[]exprT   `json:"or,omitzero"`
	Not      *exprT     `json:"not,omitzero"`
	Const    *bool      `json:"const,omitzero"`
	Compare  *compareT  `json:"compare,omitzero"`
	Exists   *existsT   `json:"exists,omitzero"`
	Measure  *measureT  `json:"measure,omitzero"`
	Embedded *embeddedT `json:"embedded,omitzero"`
}

type embeddedT struct {
	Name string `json:"name"`
	Null bool   `json:"null,omitzero"`
}

type compareT struct {
	Field  fieldT     `json:"field"`
	Op     Op         `json:"op"`
	Any    Quantifier `json:"any,omitzero"`
	Lang   string     `json:"lang,omitzero"`
	AsText bool       `json:"as_text,omitzero"`
	Other  string     `json:"other,omitzero"`
	Is     string     `json:"is,omitzero"`
	Value  *valueT    `json:"value,omitzero"` // unless Op is Is or Other is set
}

type existsT struct {
	Relation string `json:"relation,omitzero"`
	Hint     string `json:"hint,omitzero"`
	Table    nameT  `json:"table,omitzero"`
	Where    *exprT `json:"where,omitzero"`
}

type measureT struct {
	Relation  string     `json:"relation,omitzero"`
	Hint      string     `json:"hint,omitzero"`
	Where     *exprT     `json:"where,omitzero"`
	Aggregate Aggregate  `json:"aggregate"`
	Fields    []fieldT   `json:"fields,omitempty"`
	Distinct  bool       `json:"distinct,omitzero"`
	Op        Op         `json:"op"`
	Any       Quantifier `json:"any,omitzero"`
	Is        string     `json:"is,omitzero"`
	Value     *valueT    `json:"value,omitzero"` // unless Op is Is
}

type insertT struct {
	Into      nameT      `json:"into,omitzero"`
	Columns   []string   `json:"columns,omitempty"`
	Rows      valueT     `json:"rows"`
	Default   bool       `json:"default,omitzero"`
	Conflict  *conflictT `json:"conflict,omitzero"`
	Put       *exprT     `json:"put,omitzero"`
	Nested    []nestedT  `json:"nested,omitempty"`
	Returning *selectT   `json:"returning,omitzero"`
	End       endT       `json:"end,omitzero"`
}

type nestedT struct {
	Relation string  `json:"relation"`
	Hint     string  `json:"hint,omitzero"`
	Insert   insertT `json:"insert"`
	Parents  valueT  `json:"parents"`
}

type conflictT struct {
	Columns    []string  `json:"columns,omitempty"`
	Constraint string    `json:"constraint,omitzero"`
	Ignore     bool      `json:"ignore,omitzero"`
	Update     *[]string `json:"update,omitzero"`
	Where      *exprT    `json:"where,omitzero"`
}

type updateT struct {
	Table     nameT    `json:"table"`
	Columns   []string `json:"columns,omitempty"`
	Row       valueT   `json:"row"`
	Default   bool     `json:"default,omitzero"`
	Alter     []alterT `json:"alter,omitempty"`
	Where     *exprT   `json:"where,omitzero"`
	Returning *selectT `json:"returning,omitzero"`
	End       endT     `json:"end,omitzero"`
}

type alterT struct {
	Column string     `json:"column"`
	How    Alteration `json:"how"`
	Value  valueT     `json:"value"`
}

type deleteT struct {
	From      nameT    `json:"from"`
	Where     *exprT   `json:"where,omitzero"`
	Returning *selectT `json:"returning,omitzero"`
	End       endT     `json:"end,omitzero"`
}

type callT struct {
	Function nameT     `json:"function"`
	Args     []argT    `json:"args,omitempty"`
	Body     *valueT   `json:"body,omitzero"`
	BodyType string    `json:"body_type,omitzero"`
	Array    bool      `json:"array,omitzero"`
	ReadOnly bool      `json:"read_only,omitzero"`
	Columns  *[]string `json:"columns,omitzero"`
	Result   *selectT  `json:"result,omitzero"`
	End      endT      `json:"end,omitzero"`
}

type argT struct {
	Name  string `json:"name,omitzero"`
	Place int    `json:"place,omitzero"`
	Value valueT `json:"value"`
}

type endT struct {
	Rollback    bool   `json:"rollback,omitzero"`
	Single      bool   `json:"single,omitzero"`
	MaxAffected *int64 `json:"max_affected,omitzero"`
	Keys        bool   `json:"keys,omitzero"`
}

// A valueT is what of a value belongs to the shape.
type valueT struct {
	Claim string
	Null  bool
	List  bool
}

func (v valueT) MarshalJSON() ([]byte, error) {
	switch v {
	case valueT{}:
		return []byte(`"?"`), nil
	case valueT{List: true}:
		return []byte(`"[?]"`), nil
	case valueT{Null: true}:
		return []byte(`"null"`), nil
	}
	return json.Marshal(valueObject(v))
}

func (v *valueT) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case `"?"`:
		*v = valueT{}
	case `"[?]"`:
		*v = valueT{List: true}
	case `"null"`:
		*v = valueT{Null: true}
	default:
		return json.Unmarshal(text, (*valueObject)(v))
	}
	return nil
}

type valueObject struct {
	Claim string `json:"claim,omitzero"`
	Null  bool   `json:"null,omitzero"`
	List  bool   `json:"list,omitzero"`
}

// closed sets of words. What stands outside of them is no query that a plan could have been made of.
var (
	ops = words(Eq, Neq, Gt, Gte, Lt, Lte, Like, ILike, Match, IMatch, In, Is, IsDistinct, FTS, PLFTS, PHFTS, WFTS, Contains, Contained,
		Overlaps, StrictLeft, StrictRight, NotRight, NotLeft, Adjacent, Similar, HasKey, HasKeysAny, HasKeysAll, PathExists, PathMatch,
		Labelled)
	quantifiers = words(One, Any, All)
	aggregates  = words("", Count, Sum, Avg, Min, Max, Stddev, StddevPop, StddevSamp, Variance, VarPop, VarSamp, BoolAnd, BoolOr)
	joins       = words(JoinDefault, JoinLeft, JoinInner)
	directions  = words(Asc, Desc)
	nulls       = words(NullsDefault, NullsFirst, NullsLast)
	counts      = words(NoCount, ExactCount, PlannedCount, EstimatedCount)
	alterations = words(Increment, Append, Prepend, DeleteKey, DeleteElem, DeleteAtPath)
)

func words[T ~string](of ...T) map[T]bool {
	set := make(map[T]bool, len(of))
	for _, w := range of {
		set[w] = true
	}
	return set
}
