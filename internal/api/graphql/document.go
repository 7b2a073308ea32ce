package graphql

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
)

// Options are what a Dialect depends on besides its types.
type Options struct {
	StringifyNumeric bool // graphql.stringify_numeric: bigint, numeric and float8 are answered as strings
	Rollback         bool // every write is rolled back after answering (rest.tx_end)
	Limits           Limits
}

// A Dialect answers requests on the types of one schema. It keeps documents, parsed and valid, and of each the operations
// that were made of it: a repeated document costs a hash and a look-up. It is safe for concurrent use.
type Dialect struct {
	types     *Types
	o         Options
	documents *kept[documentKey, *Document]
	lowered   atomic.Int64
}

type documentKey struct{ role, operation, text string }

// NewDialect returns a Dialect for types.
func NewDialect(t *Types, o Options) *Dialect {
	o.Limits = o.Limits.withDefaults()
	return &Dialect{types: t, o: o, documents: newKept[documentKey, *Document](o.Limits.DocumentsBytes)}
}

// Lowered is how many operations were lowered, rather than found prepared.
func (d *Dialect) Lowered() int64 { return d.lowered.Load() }

// A Document is one operation of a text, parsed and valid, with the fragments that it may use.
type Document struct {
	operation *ast.OperationDefinition
	fragments ast.FragmentDefinitionList

	mu       sync.RWMutex
	again    bool            // its rows come from variables: it is lowered for every request
	fixed    map[string]bool // variables whose values decided something so far
	prepared map[string]*Operation
	bytes    int // of prepared, by estimate
}

func (d *Document) fragment(name string) ast.SelectionSet {
	if f := d.fragments.ForName(name); f != nil {
		return f.SelectionSet
	}
	return nil
}

// An Operation is a document with variables, ready to run: its query is what is asked, Shape and Args are those of
// query.Parameterize. Only Args are a request's own; everything else serves all requests of one structure.
type Operation struct {
	Query  query.Query // nil where nothing is to be run
	Shape  []byte
	Args   query.Args
	Answer *Answer
	Writes bool // a mutation
	Name   string

	fills []fill
}

// A fill is one argument that comes from the variables.
type fill struct {
	arg int
	filler
}

const (
	preparedMax       = 64       // operations of one document that are kept
	structureBytesMax = 16 << 10 // of what one of them is kept by
)

// Prepare reads a request's document and makes its operation ready, from what is kept where it can. Errors are *Error or
// Errors.
func (d *Dialect) Prepare(r *Request, role string) (*Operation, error) {
	key := documentKey{role, r.Operation, r.Query}
	doc, ok := d.documents.get(key)
	if !ok {
		// Texts of a request are parts of its body, all of which would stay in memory with what is kept of them.
		key.operation, key.text = strings.Clone(r.Operation), strings.Clone(r.Query)
		parsed, err := d.parse(key.text, key.operation)
		if err != nil {
			return nil, err
		}
		doc = d.documents.put(key, parsed, documentBytes(len(r.Query)))
	}
	vs, err := read(doc.operation.VariableDefinitions, r.Variables)
	if err != nil {
		return nil, d.located(doc, err)
	}
	var buf [256]byte
	doc.mu.RLock()
	again, fixed := doc.again, doc.fixed
	var found *Operation
	if !again {
		found = doc.prepared[string(d.types.structure(buf[:0], vs, fixed))]
	}
	doc.mu.RUnlock()
	if found != nil {
		return found.with(vs)
	}
	if !again { // what is kept of the operation has these variables in it
		if vs, err = read(doc.operation.VariableDefinitions, raw(strings.Clone(string(r.Variables)))); err != nil {
			return nil, d.located(doc, err)
		}
	}
	op, l, err := d.lower(doc, vs)
	if err != nil {
		return nil, err
	}
	d.keep(key, doc, op, l, vs)
	return op, nil
}

// documentBytes estimates what a parsed document takes: some twenty times its text.
func documentBytes(text int) int { return 2048 + 24*text }

// with gives the operation with the values of other variables.
func (o *Operation) with(vs *variables) (*Operation, error) {
	if len(o.fills) == 0 {
		return o, nil
	}
	out := *o
	out.Args = slices.Clone(o.Args)
	for i := range o.fills {
		f := &o.fills[i]
		v, err := f.make(vs)
		if err != nil {
			return nil, err
		}
		v.Arg = out.Args[f.arg].Arg
		out.Args[f.arg] = v
	}
	return &out, nil
}

// lower makes the operation anew.
func (d *Dialect) lower(doc *Document, vs *variables) (*Operation, *lowering, error) {
	d.lowered.Add(1)
	l := &lowering{types: d.types, doc: doc, o: &d.o, vars: vs, fixed: map[string]bool{}}
	q, answer, err := l.operation()
	if err != nil {
		return nil, nil, err
	}
	op := &Operation{Query: q, Answer: answer, Writes: doc.operation.Operation == ast.Mutation, Name: doc.operation.Name}
	if q != nil {
		op.Shape, op.Args = query.Parameterize(q, nil)
	}
	for i := range op.Args {
		if mark := op.Args[i].Arg; mark > 0 {
			op.fills = append(op.fills, fill{arg: i, filler: l.fillers[mark-1]})
		}
	}
	return op, l, nil
}

// keep keeps an operation for the next request of its structure.
func (d *Dialect) keep(key documentKey, doc *Document, op *Operation, l *lowering, vs *variables) {
	doc.mu.Lock()
	defer doc.mu.Unlock()
	if doc.again = doc.again || l.again; doc.again {
		doc.prepared = nil
		return
	}
	for name := range l.fixed {
		if !doc.fixed[name] {
			fixed := map[string]bool{name: true}
			for old := range doc.fixed {
				fixed[old] = true
			}
			doc.fixed = fixed // a new one, since requests read it without the lock
		}
	}
	by := d.types.structure(nil, vs, doc.fixed)
	bytes := len(by) + 4*len(op.Shape) + 512
	for _, v := range vs.given {
		bytes += len(v)
	}
	for i := range op.Args {
		bytes += 256 + len(op.Args[i].Text)
		for _, text := range op.Args[i].List {
			bytes += 16 + len(text)
		}
	}
	if len(doc.prepared) >= preparedMax || len(by) > structureBytesMax || doc.bytes+bytes > d.o.Limits.DocumentsBytes/8 {
		return
	}
	if doc.prepared == nil {
		doc.prepared = map[string]*Operation{}
	}
	doc.prepared[string(by)] = op
	doc.bytes += bytes
	d.documents.grow(key, bytes)
}
