package main

import (
	"errors"
	"strconv"

	"github.com/spf13/pflag"
)

// A seedValue is the value of --seed: a number from 1 on.
type seedValue uint64

func (s *seedValue) String() string { return strconv.FormatUint(uint64(*s), 10) }

func (s *seedValue) Type() string { return "seed" }

func (s *seedValue) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n == 0 {
		return errors.New("it is a whole number from 1 on, of at most 64 bits")
	}
	*s = seedValue(n)
	return nil
}

// seedFlag adds --seed, which is 1 where it isn't given.
func seedFlag(flags *pflag.FlagSet, seed *uint64, help string) {
	*seed = 1
	flags.Var((*seedValue)(seed), "seed", help)
}
