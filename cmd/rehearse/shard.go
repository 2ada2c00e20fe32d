package main

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"time"

	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// shardVariables are where CI systems say which part of a job a machine has, the
// number of the part first, then that of all.
var shardVariables = [...]struct {
	system       string
	index, total string
	first        int // the number of the first part
}{
	{"Bazel", "TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS", 0},
	{"Buildkite", "BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0},
	{"GitLab", "CI_NODE_INDEX", "CI_NODE_TOTAL", 1},
	{"CircleCI", "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0},
	{"Kubernetes", "JOB_COMPLETION_INDEX", "JOB_COMPLETIONS", 0},
	{"GitHub", "STRATEGY_JOB_INDEX", "STRATEGY_JOB_TOTAL", 0},
}

// shardAuto is the shard that the environment names, as i/n, and by which system;
// "1/1" where it names none.
func shardAuto(env func(string) string) (shard, system string, err error) {
	// Bazel shows by this file that whoever is told its part has listened.
	if file := env("TEST_SHARD_STATUS_FILE"); file != "" {
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			return "", "", unable(err, "TEST_SHARD_STATUS_FILE has to name a file that can be written to")
		}
	}
	for _, v := range shardVariables {
		index, total := env(v.index), env(v.total)
		if index == "" {
			continue
		}
		i, err := strconv.Atoi(index)
		n, err2 := strconv.Atoi(total)
		if i -= v.first; err != nil || err2 != nil || i < 0 || i >= n {
			hint := "--shard i/n"
			if total == "" {
				hint = "set " + v.total + " to the number of parts"
			}
			return "", "", usage(hint, "--shard auto: %s=%q of %s=%q, want %d to %s-%d", v.index, index, v.total, total, v.first, v.total, 1-v.first)
		}
		return fmt.Sprintf("%d/%d", i+1, n), v.system, nil
	}
	return "1/1", "", nil
}

// part is the places of the shard that the flags name, of all scenarios.
func (a *app) part(all []*scenario.Scenario, f runFlags) ([]int, error) {
	shard := cmp.Or(f.shard, "1/1")
	if shard == "auto" {
		var system string
		var err error
		if shard, system, err = shardAuto(os.Getenv); err != nil {
			return nil, err
		}
		if system != "" {
			fmt.Fprintf(a.err, "shard %s, says %s\n", shard, system)
		}
	}
	places, err := run.Shard(len(all), shard)
	if err == nil && len(f.timings) > 0 {
		var t run.Timings
		for _, file := range f.timings {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, unable(err, "give --timings files that `rehearse run --timings-out FILE` wrote, or JSON reports")
			}
			one, err := run.ReadTimings(text)
			if err != nil {
				return nil, &failure{code: exitInput, err: fmt.Errorf("%s: %w", file, err), hint: "give --timings files that `rehearse run --timings-out FILE` wrote, or JSON reports"}
			}
			t.Scenarios = append(t.Scenarios, one.Scenarios...)
		}
		places, err = run.BalancedShard(t.Costs(all), shard)
	}
	if err != nil {
		return nil, usage("--shard 1/3", "--%v", err)
	}
	return places, nil
}

// timed notes what scenarios take, where the command line wants that.
func (f runFlags) timed(t *run.Timings) func(*scenario.Scenario, time.Duration) {
	if f.timingsOut == "" {
		return nil
	}
	return t.Add
}

// writeTimings stores what scenarios took.
func (f runFlags) writeTimings(t *run.Timings) error {
	if f.timingsOut == "" {
		return nil
	}
	file, err := os.Create(f.timingsOut)
	if err != nil {
		return unable(err, "give --timings-out a FILE in a folder that can be written to")
	}
	if err := cmp.Or(t.Write(file), file.Close()); err != nil {
		return unable(err, "")
	}
	return nil
}
