package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// relation finds the one relation from a row that target and hint mean: a relation of that name, else by PostgREST's rules
// (src/library/PostgREST/Plan.hs, findRel) a related table, constraint or column of that name. args are what a computed one takes
// besides the row.
func (r *resolver) relation(from row, target, hint string, args ...query.Arg) (*schema.Relation, error) {
	rel, err := r.findRelation(from, target, hint)
	switch {
	case err != nil:
		return nil, err
	case rel.Computed != nil && !takes(rel.Computed, 1, args), rel.Computed == nil && len(args) > 0:
		return nil, fault.Newf(fault.NoFunction, "the relation '%s' of '%s' takes other arguments", target, from.name).WithStatus(404)
	}
	return rel, nil
}

func (r *resolver) findRelation(from row, target, hint string) (*schema.Relation, error) {
	var all []*schema.Relation
	if from.table != nil {
		all = from.table.Relations
	}
	var named, found []*schema.Relation
	for _, rel := range all {
		switch {
		case !r.reachable(rel):
		case rel.Name == target && (hint == "" || hinted(rel, hint)):
			named = append(named, rel)
		case r.schemaOf(rel.To.Name) == r.in && r.matches(rel, target, hint):
			found = append(found, rel)
		}
	}
	if len(named) > 0 {
		return named[0], nil
	}
	switch len(found) {
	case 0:
		return nil, r.noRelation(from.name, target, hint)
	case 1:
		return found[0], nil
	}
	slices.SortStableFunc(found, schema.CompareRelations)
	return nil, ambiguousRelation(from.name, target, found)
}

// reachable says whether both a relation's ends and its junction are served.
func (r *resolver) reachable(rel *schema.Relation) bool {
	return rel.To != nil && r.exposed(rel.To.Name) && (rel.Through == nil || r.exposed(rel.Through.Table.Name))
}

// matches holds a relation that nobody named against a target and a hint. Of a self relation, the table's name means the
// rows that refer to this one, and the column's name the row that this one refers to.
func (r *resolver) matches(rel *schema.Relation, target, hint string) bool {
	if rel.Computed != nil {
		return target == rel.Computed.Name.Name
	}
	table, kind := target == rel.To.Name.Name, rel.Cardinality()
	if rel.Self() {
		if hint != "" {
			return table && kind == "one-to-many" && (single(rel.References) == hint || rel.Name == hint)
		}
		return table && kind == "one-to-many" || kind == "many-to-one" && single(rel.Columns) == target
	}
	if hint != "" {
		return table && hinted(rel, hint)
	}
	if table {
		return true
	}
	if rel.To.View != nil || rel.Through != nil {
		return false
	}
	return constraint(rel) == target || single(rel.Columns) == target
}

// hinted says whether hint names the constraint, the relation, a column at either end, or the junction.
func hinted(rel *schema.Relation, hint string) bool {
	if rel.Through != nil {
		return rel.Through.Table.Name.Name == hint || rel.Name == hint
	}
	return constraint(rel) == hint || rel.Name == hint || single(rel.Columns) == hint || single(rel.References) == hint
}

// constraint is the name by which a hint knows a relation: its foreign key's, else its own.
func constraint(rel *schema.Relation) string { return cmp.Or(rel.Constraint, rel.Name) }

// single is the name of the only column; a key of several columns has none.
func single(columns []*schema.Column) string {
	if len(columns) != 1 {
		return ""
	}
	return columns[0].Name
}

// embedLabel is the alias that PostgREST gives an embed, which stands in PostgreSQL's messages.
func embedLabel(rel *schema.Relation, depth int) string {
	if rel.Through != nil {
		return rel.To.Name.Name
	}
	return rel.To.Name.Name + "_" + strconv.Itoa(depth)
}

// A RelationDetail is one of several relations that an embed may mean, in the details of PGRST201.
type RelationDetail struct {
	Cardinality  string `json:"cardinality"`
	Embedding    string `json:"embedding"`
	Relationship string `json:"relationship"`
}

func ambiguousRelation(parent, child string, found []*schema.Relation) error {
	details := make([]RelationDetail, len(found))
	hints := make([]string, len(found))
	for i, rel := range found {
		details[i] = RelationDetail{
			Cardinality: rel.Cardinality(),
			Embedding:   rel.From.Name.Name + " with " + rel.To.Name.Name,
		}
		pick := constraint(rel)
		if t := rel.Through; t != nil {
			pick = t.Table.Name.Name
			details[i].Relationship = fmt.Sprintf("%s using %s%s and %s%s", t.Table.Name.Name,
				t.FromConstraint, list(rel.References), t.ToConstraint, list(t.Columns))
		} else {
			details[i].Relationship = fmt.Sprintf("%s using %s%s and %s%s", pick,
				rel.From.Name.Name, list(rel.Columns), rel.To.Name.Name, list(rel.References))
		}
		hints[i] = fmt.Sprintf("'%s!%s'", rel.To.Name.Name, pick)
	}
	f := fault.Newf(fault.AmbiguousRelation,
		"Could not embed because more than one relationship was found for '%s' and '%s'", parent, child).
		WithStatus(300).
		WithHint("Try changing '%s' to one of the following: %s. Find the desired relationship in the 'details' key.",
			child, strings.Join(hints, ", "))
	f.Info = details
	return f
}

func list(columns []*schema.Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return "(" + strings.Join(names, ", ") + ")"
}

func (r *resolver) noRelation(parent, child, hint string) error {
	using := ""
	if hint != "" {
		using = "' using the hint '" + hint
	}
	f := fault.Newf(fault.NoRelation,
		"Could not find a relationship between '%s' and '%s' in the schema cache", parent, child).
		WithStatus(400).
		WithDetails("Searched for a foreign key relationship between '%s' and '%s%s' in the schema '%s', but no matches were found.",
			parent, child, using, r.in)
	if better, instead := r.nearRelation(parent, child); better != "" {
		f.WithHint("Perhaps you meant '%s' instead of '%s'.", better, instead)
	}
	return f
}

// nearRelation suggests a related table's name for child or, where nothing is related to parent, another parent's.
func (r *resolver) nearRelation(parent, child string) (better, instead string) {
	var parents, children []string
	for _, t := range r.schema.Tables {
		if r.schemaOf(t.Name) != r.in {
			continue
		}
		for _, rel := range t.Relations {
			if !r.reachable(rel) || r.schemaOf(rel.To.Name) != r.in {
				continue
			}
			parents = append(parents, t.Name.Name)
			if t.Name.Name == parent {
				children = append(children, rel.To.Name.Name)
			}
		}
	}
	if children == nil {
		better, _ = near(parents, parent, 0.33)
		return better, parent
	}
	better, exact := near(children, child, 0.33)
	if exact {
		return "", ""
	}
	return better, child
}
