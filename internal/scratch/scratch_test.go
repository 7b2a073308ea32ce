package scratch

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

const prefix = "pintail-scratch-"

// TestMain lets the test binary be the process that is killed: it makes a folder, says where, and waits.
func TestMain(m *testing.M) {
	in := os.Getenv("SCRATCH_IN")
	if in == "" {
		os.Exit(m.Run())
	}
	f, err := Make(in, prefix)
	if err != nil {
		panic(err)
	}
	if os.Getenv("SCRATCH_CHILD") != "" { // that outlives it
		child := exec.Command("sleep", "60")
		child.ExtraFiles = f.Handed()
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println(child.Process.Pid)
	}
	fmt.Println(f.Path)
	time.Sleep(time.Minute)
}

// process starts one that makes a folder.
func process(t *testing.T, in string, env ...string) (cmd *exec.Cmd, lines *bufio.Scanner) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "SCRATCH_IN="+in)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	return cmd, bufio.NewScanner(out)
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

func line(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	if !lines.Scan() {
		t.Fatal("the process says nothing")
	}
	return lines.Text()
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// next makes the next folder, which takes those away that were left.
func next(t *testing.T, in string) {
	t.Helper()
	f, err := Make(in, prefix)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(); err != nil || there(f.Path) {
		t.Fatalf("the folder is removed, and there: %v", err)
	}
}

func TestKilled(t *testing.T) {
	in := t.TempDir()
	cmd, lines := process(t, in)
	dir := line(t, lines)
	if err := os.WriteFile(filepath.Join(dir, "shadow.db"), []byte("rows"), 0o600); err != nil {
		t.Fatal(err)
	}
	if next(t, in); !there(dir) {
		t.Fatal("the folder of a process that lives is taken away")
	}
	kill(cmd)
	if next(t, in); there(dir) {
		t.Error("the folder of a process that was killed is there")
	}
}

// TestKilledWithChild leaves a child that works in the folder.
func TestKilledWithChild(t *testing.T) {
	in := t.TempDir()
	cmd, lines := process(t, in, "SCRATCH_CHILD=1")
	var pid int
	if _, err := fmt.Sscan(line(t, lines), &pid); err != nil {
		t.Fatal(err)
	}
	child, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	dir := line(t, lines)
	kill(cmd)
	if next(t, in); !there(dir) {
		t.Error("a child works in the folder, and it is taken away")
	}
	if err := child.Kill(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); there(dir) && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		next(t, in)
	}
	if there(dir) {
		t.Error("the child has ended, and the folder is there")
	}
}

// TestNotOurs has folders that look like those of dead processes, and aren't to be touched.
func TestNotOurs(t *testing.T) {
	in, elsewhere := t.TempDir(), t.TempDir()
	make := func(name string, text string) string {
		dir := filepath.Join(in, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if text != "" {
			if err := os.WriteFile(filepath.Join(dir, ownerFile), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	keep := map[string]string{
		"no mark":          make(prefix+"1", ""),
		"another mark":     make(prefix+"2", mark[:len(mark)-2]+"?\n"),
		"a longer mark":    make(prefix+"3", mark+"mine"),
		"another name":     make("pintail-other-4", mark),
		"no number":        make(prefix+"4-keep", mark),
		"a mark elsewhere": make(prefix+"5", ""),
		"a link":           filepath.Join(in, prefix+"6"),
	}
	for link, to := range map[string]string{filepath.Join(keep["a mark elsewhere"], ownerFile): filepath.Join(elsewhere, ownerFile), keep["a link"]: elsewhere} {
		if err := os.WriteFile(filepath.Join(elsewhere, ownerFile), []byte(mark), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 && runtime.GOOS == "linux" {
		keep["another user's"] = make(prefix+"7", mark)
		if err := os.Chown(keep["another user's"], 65534, 65534); err != nil {
			t.Fatal(err)
		}
		keep["another user's mark"] = make(prefix+"8", mark)
		if err := os.Chown(filepath.Join(keep["another user's mark"], ownerFile), 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	dead := make(prefix+"9", mark)
	next(t, in)
	for name, dir := range keep {
		if !there(dir) {
			t.Errorf("%s: it is taken away", name)
		}
	}
	if !there(filepath.Join(elsewhere, ownerFile)) {
		t.Error("what a link leads to is taken away")
	}
	if there(dead) {
		t.Error("a dead process's folder is there")
	}
}

func TestMakeFails(t *testing.T) {
	if _, err := Make(filepath.Join(t.TempDir(), "nowhere"), prefix); err == nil {
		t.Error("a folder is made in one that isn't there")
	}
}
