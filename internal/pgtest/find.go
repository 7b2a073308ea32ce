//go:build unix

package pgtest

import (
	"cmp"
	"fmt"
	"os"
	osexec "os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// versionMin is the oldest PostgreSQL that Pintail supports.
const versionMin = 15

// installs is where Debian, Red Hat and Homebrew keep a version's programs.
var installs = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
}

// errMissing says that there is no PostgreSQL to start.
var errMissing = fmt.Errorf("this test needs PostgreSQL %d or later, and there is none on PATH nor in %s.\n"+
	"Install it with `make deps`, or set %s to the address of a running server", versionMin, installs[0], existing)

// binaries is the folder that holds initdb and postgres: the one on PATH, else the highest version in the folders that
// the patterns name.
func binaries(patterns []string) (string, error) {
	var found []string
	if path, err := osexec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			found = append(found, filepath.Dir(real))
		}
	}
	for _, pattern := range patterns {
		dirs, _ := filepath.Glob(pattern) // fails on a malformed pattern only
		slices.SortFunc(dirs, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
		found = append(found, dirs...)
	}
	for _, dir := range found {
		if runs(filepath.Join(dir, "initdb")) && runs(filepath.Join(dir, "postgres")) && major(dir) >= versionMin {
			return dir, nil
		}
	}
	return "", errMissing
}

func runs(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

var number = regexp.MustCompile(`\d+`)

// version is the first number in a path, such as 15 in /usr/lib/postgresql/15/bin.
func version(dir string) int {
	n, _ := strconv.Atoi(number.FindString(dir))
	return n
}

// major is the major version that the programs in a folder say they have.
func major(dir string) int {
	out, err := osexec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	return version(string(out))
}

// An account is a user of the operating system.
type account struct{ uid, gid int }

// serverAccount is who PostgreSQL runs as: nil for the user who runs the tests. It refuses to run as root, so root's
// tests run it as the user postgres, whom PostgreSQL's packages create.
func serverAccount() (*account, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL refuses to run as root, and there is no user postgres to run it as: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return &account{uid, gid}, nil
}
