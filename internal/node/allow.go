package node

import (
	"slices"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api/rest"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/schema"
)

// ability says what can be done with the table, the function or the root that was asked about.
func ability(s *schema.Schema, ask *rest.Ask) (rest.Ability, error) {
	switch {
	case ask.RPC:
		list := s.FunctionsNamed(ask.Name)
		if len(list) == 0 {
			return rest.Ability{}, fault.Newf(fault.NoFunction, "Could not find the function %s in the schema cache", ask.Name)
		}
		volatile := !slices.ContainsFunc(list, func(f *schema.Function) bool { return !f.Volatile })
		return rest.Ability{Volatile: volatile}, nil
	case ask.Name.Name == "":
		return rest.Ability{}, nil
	}
	t, err := plan.Table(ask.Name, s)
	if err != nil {
		return rest.Ability{}, err
	}
	can := rest.Ability{Insert: true, Update: true, Delete: true, Keyed: t.Primary != nil}
	if t.View != nil {
		can.Insert, can.Update, can.Delete = t.View.Insertable, t.View.Updatable, t.View.Deletable
	}
	return can, nil
}
