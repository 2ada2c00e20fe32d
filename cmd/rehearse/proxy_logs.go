package main

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"rehearse/proxy/accesslog"
	"rehearse/proxy/gateway"
)

// accessLogs opens the access logs, and has the gateway write them.
func (a *app) accessLogs(f *proxyFlags, conf *gateway.Config) (*accesslog.Set, error) {
	targets, err := f.logTargets(int(conf.Proxy.Release[0]))
	if err != nil {
		return nil, err
	}
	release, at := conf.Proxy.Release, conf.Listen[0].Addr()
	header := func(log string) accesslog.Header {
		return accesslog.Header{Software: "SGOS " + release.String(), Serial: "0000000000", Appliance: "rehearse", Addr: at, Log: log, Time: time.Now()}
	}
	var box [8]byte
	rand.Read(box[:])
	logs, err := accesslog.Open(targets, header, binary.BigEndian.Uint64(box[:]), func(err error) { fmt.Fprintf(a.err, "error: %v\n", err) })
	if err != nil {
		return nil, unable(err, "give a FILE in a folder that can be written to")
	}
	if len(targets) > 0 {
		conf.Proxy.AccessLog = logs
	}
	return logs, nil
}

// logTargets are --access-log for a release of that major number.
func (f *proxyFlags) logTargets(major int) ([]accesslog.Target, error) {
	var out []accesslog.Target
	for _, text := range f.accessLogs {
		t, name := accesslog.Target{Path: text, Logs: []string{"main", "ssl"}}, "bcreportermain_v1"
		if what, path, ok := strings.Cut(text, "="); ok && !strings.ContainsAny(what, "/.\\") {
			log, format, given := strings.Cut(what, ",")
			t.Path, t.Logs = path, []string{log}
			switch {
			case given:
				name = format
			case log == "ssl":
				name = "bcreporterssl_v1"
			}
		}
		var err error
		if t.Format, err = accesslog.FormatNamed(name, major); err != nil {
			return nil, usage("--access-log ssl,bcreporterssl_v1=ssl.log", "--access-log %q: %v", text, err)
		}
		if t.Path == "" || t.Logs[0] == "" {
			return nil, usage("--access-log access.log", "--access-log %q: want FILE, LOG=FILE or LOG,FORMAT=FILE", text)
		}
		out = append(out, t)
	}
	return out, nil
}
