package cpl

import "strings"

// LabelKey is what two spellings of one label have in common: labels of
// definitions are told apart without regard to case (CPL guide, SGOS 3, p. 22).
func LabelKey(label string) string { return strings.ToLower(label) }

func layerType(s string) string {
	for _, t := range []string{"Proxy", "Cache", "Forward", "SSL", "SSL-Intercept", "Admin", "Exception", "DNS-Proxy", "Diagnostic", "Tenant"} {
		if strings.EqualFold(s, t) {
			return t
		}
	}
	return ""
}

func sectionType(s string) string {
	for _, t := range []string{"Rule", "url", "url.domain", "url.regex", "server_url.domain"} {
		if strings.EqualFold(s, t) {
			return t
		}
	}
	return ""
}

func verdictName(s string) string {
	switch s = strings.ToLower(s); s {
	case "allow", "deny", "deny.unauthorized", "force_deny", "exception", "force_exception":
		return s
	case "ok":
		return "allow"
	}
	return ""
}

var modifiers = map[string]bool{"exact": true, "prefix": true, "substring": true, "suffix": true, "regex": true,
	"case_sensitive": true, "case_insensitive": true, "as_number": true, "address": true, "count": true,
	"length": true, "exists": true, "utc": true}

func splitCondition(s string) (name, base, arg string, mods []string) {
	low := strings.ToLower(s)
	for _, f := range []string{"request.header.", "response.header.", "request.x_header.", "response.x_header.", "attribute.", "has_attribute."} {
		if strings.HasPrefix(low, f) && len(low) > len(f) {
			base, arg = strings.TrimSuffix(f, "."), s[len(f):]
			break
		}
	}
	rest := low
	if base != "" {
		rest = arg
	}
	for {
		i := strings.LastIndexByte(rest, '.')
		if i < 0 || !modifiers[strings.ToLower(rest[i+1:])] || rest == "url.address" || rest == "client.address" || rest == "server_url.address" || rest == "proxy.address" || rest == "user.login.address" {
			break
		}
		mods = append([]string{strings.ToLower(rest[i+1:])}, mods...)
		rest = rest[:i]
	}
	if base == "" {
		return low, rest, "", mods
	}
	arg = rest
	name = base + "." + arg
	if len(mods) > 0 {
		name += "." + strings.Join(mods, ".")
	}
	return name, base, arg, mods
}

func splitProperty(s string) (name, arg string) {
	low := strings.ToLower(s)
	for _, f := range []string{"action.", "detect_protocol.", "access_log.", "log.rewrite.", "log.suppress.", "force_protocol."} {
		if strings.HasPrefix(low, f) && len(low) > len(f) {
			return strings.TrimSuffix(f, "."), s[len(f):]
		}
	}
	return low, ""
}

type bodyKind int

const (
	bodyText bodyKind = iota
	bodyConditions
	bodyPatterns
	bodyEntries
	bodyAddresses
	bodyCalls
	bodyString
)

func bodyOf(definitionType string) bodyKind {
	switch definitionType {
	case "condition":
		return bodyConditions
	case "url condition", "url.domain condition", "server_url.domain condition":
		return bodyPatterns
	case "category":
		return bodyEntries
	case "subnet":
		return bodyAddresses
	case "action":
		return bodyCalls
	case "string":
		return bodyString
	}
	return bodyText
}

func splitsAtComma(c *Condition) bool {
	switch c.Base {
	case "url", "url.path", "url.query", "request.header", "response.header", "user", "group", "category", "url.category":
		return false
	}
	return true
}
