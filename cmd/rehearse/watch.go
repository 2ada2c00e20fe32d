package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"
)

// look is how often --watch looks for changes.
const look = 300 * time.Millisecond

// stamp is what shows that a file has changed.
type stamp struct {
	size int64
	at   time.Time
}

// attend runs scenarios, and again what a change of their files touches, until ctx
// ends.
func (a *app) attend(ctx context.Context, paths []string, f runFlags) error {
	var in *inputs
	f.loaded = func(loaded *inputs) { in = loaded }
	pending := map[string]bool{} // what has changed since something was run
	for {
		before := snapshot(paths, in)
		err := a.runScenarios(ctx, paths, f)
		if ctx.Err() != nil {
			return nil
		}
		var wrong *failure
		if errors.As(err, &wrong) && !wrong.silent {
			report(a.err, err, "rehearse run")
			if wrong.code == exitUsage {
				return told(exitUsage)
			}
		}
		if wrong == nil || wrong.code != exitInput {
			clear(pending)
		}
		// What was read for the first time may have changed while it was run; that is
		// seen next time at the latest.
		for name, s := range snapshot(paths, in) {
			if _, known := before[name]; !known {
				before[name] = s
			}
		}
		fmt.Fprintf(a.err, "\nwatching %s; Ctrl-C ends\n", counted(len(before), "file", "files"))
		changed := a.change(ctx, paths, in, before)
		if changed == nil {
			return nil
		}
		maps.Copy(pending, changed)
		f.only = in.touched(pending)
		if terminal, ok := a.out.(*os.File); ok && colour(terminal) {
			fmt.Fprint(a.out, "\x1b[2J\x1b[H")
		}
	}
}

// change waits until files are not as they were, and gives their names; nil when ctx
// ended.
func (a *app) change(ctx context.Context, paths []string, in *inputs, before map[string]stamp) map[string]bool {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := snapshot(paths, in)
		if maps.Equal(before, now) {
			continue
		}
		changed := map[string]bool{}
		for name := range now {
			if before[name] != now[name] {
				changed[name] = true
			}
		}
		for name := range before {
			if _, there := now[name]; !there {
				changed[name] = true
			}
		}
		return changed
	}
}

// snapshot has the stamps of the scenario and policy files below paths, and of all
// that was read.
func snapshot(paths []string, in *inputs) map[string]stamp {
	all := map[string]stamp{}
	add := func(name string) {
		if info, err := os.Stat(name); err == nil && !info.IsDir() {
			all[filepath.ToSlash(filepath.Clean(name))] = stamp{info.Size(), info.ModTime()}
		}
	}
	for _, p := range paths {
		// A folder that cannot be read was told of when it was to be run.
		_ = filepath.WalkDir(p, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (isScenario(name) || filepath.Ext(name) == ".cpl") {
				add(name)
			}
			return nil
		})
	}
	if in != nil {
		for name := range in.texts {
			add(name)
		}
	}
	return all
}

// touched are the scenario files that were made of one of these files. It is nil, for
// all, where one of them is in none: it is new, or could not be read.
func (in *inputs) touched(changed map[string]bool) map[string]bool {
	if in == nil {
		return nil
	}
	all := map[string]bool{}
	for name := range changed {
		found := false
		for _, f := range in.scenarios {
			if _, of := f.Texts[name]; of {
				all[f.Path], found = true, true
			}
		}
		if !found {
			return nil
		}
	}
	return all
}
