package console

import (
	"strings"

	"github.com/pintail-dev/pintail/fault"
)

// boxOf names the part of the picture that answers with a code.
func boxOf(c fault.Code) string {
	switch c {
	case fault.TooManyRequests, fault.Overloaded, fault.TooLarge, fault.URLTooLong, fault.HeadersTooLarge, fault.RequestTimeout:
		return "gate"
	case fault.Unauthorized, fault.Forbidden, fault.NoSecret, fault.BadToken, fault.AnonymousOff, fault.BadClaims, fault.InsufficientPrivilege:
		return "auth"
	case fault.IndexLost:
		return "guard"
	case fault.NoRelation, fault.AmbiguousRelation, fault.NoFunction, fault.AmbiguousFunction, fault.NoColumn, fault.NoTable,
		fault.UndefinedColumn, fault.UndefinedTable, fault.UndefinedFunction, fault.SchemaMismatch, fault.NotOnSQLite, fault.TooCostly,
		fault.DatatypeMismatch, fault.InvalidColumnRef, fault.GroupingError, fault.CannotCoerce, fault.HookRefused:
		return "plan"
	case fault.ConnectionFailed, fault.ConnectionInternal, fault.SchemaUnavailable, fault.PoolTimeout, fault.MaxAffected, fault.MaxAffectedRPC,
		fault.NotSingular, fault.Unavailable, fault.AnswerTooLarge, fault.Internal, fault.NumbersUsedUp:
		return "store"
	}
	for _, class := range []string{"08", "21", "23", "25", "40", "53", "54", "55", "57", "58", "P0", "XX"} {
		if strings.HasPrefix(string(c), class) {
			return "store"
		}
	}
	return "api"
}
