package rest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
)

// preferences are what the Prefer headers ask for (RFC 7240), each as the token that Preference-Applied repeats; empty where
// absent. Of several values of one preference the first holds.
type preferences struct {
	resolution, missing, returns, count, tx, handling string

	timezone    string // the zone alone
	hasZone     bool
	maxAffected *int64
	unknown     []string
}

const (
	mergeDuplicates  = "resolution=merge-duplicates"
	ignoreDuplicates = "resolution=ignore-duplicates"
	missingDefault   = "missing=default"
	missingNull      = "missing=null"
	returnAll        = "return=representation"
	returnMinimal    = "return=minimal"
	returnHeaders    = "return=headers-only"
	txCommit         = "tx=commit"
	txRollback       = "tx=rollback"
	strictHandling   = "handling=strict"
	lenientHandling  = "handling=lenient"
)

func parsePreferences(headers []string) (p preferences, err error) {
	for _, header := range headers {
		for token := range strings.SplitSeq(header, ",") {
			p.add(strings.TrimSpace(token))
		}
	}
	if p.handling == strictHandling && len(p.unknown) > 0 {
		return p, fault.New(fault.BadPreference, "Invalid preferences given with handling=strict").
			WithDetails("%s", "Invalid preferences: "+strings.Join(p.unknown, ", "))
	}
	return p, nil
}

func (p *preferences) add(token string) {
	switch token {
	case mergeDuplicates, ignoreDuplicates:
		setFirst(&p.resolution, token)
	case missingDefault, missingNull:
		setFirst(&p.missing, token)
	case returnAll, returnMinimal, returnHeaders:
		setFirst(&p.returns, token)
	case "count=exact", "count=planned", "count=estimated":
		setFirst(&p.count, token)
	case txCommit, txRollback:
		setFirst(&p.tx, token)
	case strictHandling, lenientHandling:
		setFirst(&p.handling, token)
	default:
		if zone, ok := strings.CutPrefix(token, "timezone="); ok && value.IsZone(zone) {
			if !p.hasZone {
				p.timezone, p.hasZone = zone, true
			}
			return
		}
		if n, ok := strings.CutPrefix(token, "max-affected="); ok {
			if v, err := strconv.ParseInt(n, 10, 64); err == nil && p.maxAffected == nil {
				p.maxAffected = &v
			}
			return
		}
		p.unknown = append(p.unknown, token)
	}
}

func (p *preferences) countMode() query.CountMode {
	return query.CountMode(strings.TrimPrefix(p.count, "count="))
}

// countsWrites says whether a write's Content-Range tells how many rows it affected.
func (p *preferences) countsWrites() bool {
	return p.count == "count=exact" || p.count == "count=estimated"
}

func (p *preferences) strict() bool { return p.handling == strictHandling }

// rollsBack says how a transaction ends under the setting rest.tx_end.
func (p *preferences) rollsBack(txEnd string) bool {
	switch txEnd {
	case "rollback":
		return true
	case "commit-allow-override":
		return p.tx == txRollback
	case "rollback-allow-override":
		return p.tx != txCommit
	}
	return false
}

// applied is the Preference-Applied header of a kind of request, empty where no preference was applied. resolved says
// whether there is a key for the resolution to go by.
func (a *Ask) applied(resolved bool) string {
	var buf [8]string
	tokens := buf[:0]
	add := func(token string, holds bool) {
		if token != "" && holds {
			tokens = append(tokens, token)
		}
	}
	p := &a.prefer
	writes := a.Kind == Insert || a.Kind == Update || a.Kind == Put || a.Kind == Delete
	add(p.resolution, a.Kind == Insert && resolved)
	add(p.missing, a.Kind == Insert || a.Kind == Update)
	add(p.returns, writes)
	add(p.count, true)
	add(p.tx, a.txOverride)
	add(p.handling, true)
	if p.hasZone {
		add("timezone="+p.timezone, true)
	}
	if p.maxAffected != nil {
		add("max-affected="+strconv.FormatInt(*p.maxAffected, 10), p.strict() && slices.Contains([]Kind{Update, Delete, Call}, a.Kind))
	}
	return strings.Join(tokens, ", ")
}
