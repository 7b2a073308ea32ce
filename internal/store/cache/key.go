package cache

import (
	"encoding/binary"

	"github.com/pintail-dev/pintail/internal/change/mutant"
	"github.com/pintail-dev/pintail/query"
)

// appendKey appends what tells one answer from all others: the plan (and with it schema version, role, count mode and form, by
// which plans are told apart), the time zone and every value, each with its length in front.
func appendKey(b []byte, plan uint64, zone string, args query.Args) []byte {
	b = binary.AppendUvarint(b, plan)
	if mutant.Is(mutant.DelimiterInKeys) {
		return appendJoined(b, zone, args)
	}
	b = appendText(b, zone)
	for i := range args {
		a := &args[i]
		switch {
		case a.Null:
			b = append(b, 'n')
		case a.IsList:
			b = append(b, 'l')
			b = binary.AppendUvarint(b, uint64(len(a.List)))
			for _, s := range a.List {
				b = appendText(b, s)
			}
		default:
			b = append(b, 't')
			b = appendText(b, a.Text)
		}
		b = appendText(b, a.Claim)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendJoined is how a key isn't to be made: a comma in a value says the same as one between two.
func appendJoined(b []byte, zone string, args query.Args) []byte {
	b = append(append(b, zone...), ',')
	for i := range args {
		for _, s := range append([]string{args[i].Text}, args[i].List...) {
			b = append(append(b, s...), ',')
		}
	}
	return b
}
