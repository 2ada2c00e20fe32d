package scenario

import (
	"fmt"
	"strings"
)

func (SignIn) String() string         { return "sign in" }
func (SignOut) String() string        { return "sign out" }
func (Leave) String() string          { return "leave" }
func (StayedSignedIn) String() string { return "stayed signed in" }
func (a Join) String() string         { return "join " + a.Meeting }
func (a Talk) String() string         { return "talk " + a.For.String() }
func (a Browse) String() string       { return "browse " + a.URL }
func (a Connect) String() string      { return fmt.Sprintf("connect %s, speak %s", a.Target, a.Speak) }
func (a Wait) String() string         { return "wait " + a.For.String() }

func (a Change) String() string {
	var parts []string
	add := func(on bool, format string, args ...any) {
		if on {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	if a.Upgrade != nil {
		add(true, "upgrade %s", a.Upgrade)
	}
	if a.Pointers != nil {
		add(true, "revocation pointers %s", a.Pointers)
	}
	if a.IntermediatePointers != nil {
		add(true, "intermediate's pointers %s", a.IntermediatePointers)
	}
	for _, p := range a.Policy {
		add(true, "policy %s", p.Name)
	}
	add(a.NoPolicy, "no policy")
	for _, s := range a.Services {
		add(true, "service %s", s.Name)
	}
	add(a.Restart, "restart")
	add(a.ColdCache, "cold certificate cache")
	add(a.Revoke != "", "revoke %s", a.Revoke)
	return strings.Join(parts, ", ")
}

func (p Pointers) String() string {
	switch {
	case p.CRL && p.OCSP:
		return "crl and ocsp"
	case p.CRL:
		return "crl"
	case p.OCSP:
		return "ocsp"
	}
	return "none"
}

func (a SetFaults) String() string {
	if len(a.Faults) == 0 {
		return "no faults"
	}
	var parts []string
	for _, f := range a.Faults {
		parts = append(parts, f.String())
	}
	return strings.Join(parts, ", ")
}

// String is the fault in few words: "ocsp silent 15s".
func (f Fault) String() string {
	parts := []string{f.Target, f.Kind}
	if f.Host != "" {
		parts = append(parts, f.Host)
	}
	if f.Value != "" {
		parts = append(parts, f.Value)
	}
	if f.Delay > 0 {
		parts = append(parts, f.Delay.String())
	}
	return strings.Join(parts, " ")
}
