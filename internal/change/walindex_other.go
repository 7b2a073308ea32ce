//go:build !(linux || darwin) || sqlite3_flock || sqlite3_dotlk

package change

import "errors"

// An index can't be read on this system: nobody knows whether another process has written, and nothing is ever fresh.
type index struct{}

func mapIndex(string) (*index, error) {
	return nil, errors.New("the index of the write-ahead log can't be read on this system")
}

func (*index) header() header { return header{} }
func (*index) same() bool     { return false }
func (*index) close() error   { return nil }
