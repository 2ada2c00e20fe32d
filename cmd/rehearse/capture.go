package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"rehearse/pcaps/write"
	"rehearse/reports"
	"rehearse/simulator/run"
)

// captureFlags say which rehearsals are captured, and where to.
type captureFlags struct {
	dir, on       string
	split, noKeys bool
}

func (f *captureFlags) add(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.dir, "capture", "", "write a capture of each variant to `DIR`, with the keys to decrypt it")
	fl.StringVar(&f.on, "capture-on", "always", "write captures `always`, or on fail")
	fl.BoolVar(&f.split, "capture-split", false, "write a file for each host that begins connections, in place of one")
	fl.BoolVar(&f.noKeys, "capture-without-keys", false, "leave the keys out of captures")
	c.MarkFlagDirname("capture")
	_ = c.RegisterFlagCompletionFunc("capture-on", cobra.FixedCompletions([]string{"always", "fail"}, cobra.ShellCompDirectiveNoFileComp))
}

// check says what is wrong with the flags. Against is where another interceptor is,
// "" for none.
func (f *captureFlags) check(against string) error {
	switch {
	case f.dir != "" && against != "":
		return usage("leave out --capture", "--capture records the network in memory, which --against does without")
	case f.on != "always" && f.on != "fail":
		return usage("--capture-on fail", "--capture-on %q: want always or fail", f.on)
	case f.dir == "" && (f.on != "always" || f.split || f.noKeys):
		return usage("--capture DIR", "what to capture is told, but not where to: --capture is missing")
	}
	return nil
}

// captures writes the captures of a run. A nil one writes none.
type captures struct {
	captureFlags
	mu    sync.Mutex
	names map[string]bool
	err   error // the first
}

func (f captureFlags) captures() (*captures, error) {
	if f.dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return nil, unable(err, "give --capture a folder that can be written to")
	}
	return &captures{captureFlags: f, names: map[string]bool{}}, nil
}

// keep is what a run hands recordings to; nil where none is wanted.
func (c *captures) keep() func(*run.Recording) string {
	if c == nil {
		return nil
	}
	return func(r *run.Recording) string {
		if c.on == "fail" && r.Report.Verdict != reports.Failed {
			return ""
		}
		stem := c.name(r)
		name, err := c.write(stem, r)
		if err != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.err == nil {
				c.err = unable(err, "give --capture a folder that can be written to")
			}
			return ""
		}
		return name
	}
}

// failure is why a capture could not be written.
func (c *captures) failure() error {
	if c == nil {
		return nil
	}
	return c.err
}

// stem is what the name of a variant's capture begins with.
func stem(r *run.Recording) string {
	const longest = 150
	name := strings.ReplaceAll(traceFolder(r.Scenario), "--", "-")
	return name[:min(len(name), longest)]
}

// name is a variant's own, as a file's name can be. Two variants have two.
func (c *captures) name(r *run.Recording) string { return c.unique(stem(r)) }

func (c *captures) unique(stem string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := stem
	for n := 2; c.names[name]; n++ {
		name = fmt.Sprintf("%s_%d", stem, n)
	}
	c.names[name] = true
	return name
}

// write writes a recording and gives the name of the file, or of the folder of files.
func (c *captures) write(stem string, r *run.Recording) (string, error) {
	capture := write.Of(r)
	if c.noKeys {
		capture.Secrets = nil
	}
	if !c.split {
		name := filepath.Join(c.dir, stem+".pcapng")
		f, err := os.Create(name)
		if err != nil {
			return "", err
		}
		if _, err := capture.WriteTo(f); err != nil {
			f.Close()
			return "", err
		}
		return filepath.ToSlash(name), f.Close()
	}
	folder := filepath.Join(c.dir, stem)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	return filepath.ToSlash(folder), capture.Split(func(host string) (io.WriteCloser, error) {
		return os.Create(filepath.Join(folder, fileName(host)+".pcapng"))
	})
}
