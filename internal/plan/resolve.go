package plan

import (
	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Resolve plans q, which went through query.Parameterize, against s. Faults are those of names that aren't there
// (PGRST2xx, 42703), of what may not be combined, and of limits.
func Resolve(q query.Query, s *schema.Schema, o Options) (*Plan, error) {
	return nil, fault.New(fault.Internal, "planning is not built yet")
}
