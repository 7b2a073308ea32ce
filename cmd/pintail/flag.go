package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/pflag"
)

// flagError says what a flag takes where it was given something else; other errors stay as they are.
func flagError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	flag := invalid.GetFlag()
	takes := ""
	switch flag.Value.Type() {
	case "bool":
		takes = "it is true or false"
	case "int", "int64":
		takes = "it is a whole number"
	case "float64":
		takes = "it is a number"
	case "duration":
		takes = "it is a duration, such as 500ms, 5s or 2m"
	default: // a type of our own, which says it
		takes = invalid.Unwrap().Error()
	}
	if errors.Is(err, strconv.ErrRange) {
		takes += ", and this one is too large"
	}
	return fmt.Errorf("--%s %.60q: %s", flag.Name, invalid.GetValue(), takes)
}
