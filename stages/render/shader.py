"""GLSL of the studio: physically based shading, image-based light, soft shadows, translucent skin and a seamless backdrop."""

from __future__ import annotations

SWIFT, SOLID, SIDE = "SWIFT", "SOLID", "SIDE"
"""What the shaders of a mesh may be compiled with. SWIFT is for films: four taps of the shadow and one highlight on skin. SOLID is for
opaque meshes: a shader that discards nothing lets the driver test depth before it runs. SIDE lights vertices with all lamps but the first,
for all that is not as smooth as an eye."""


def define(source: str, *names: str) -> str:
    """The shader with these names defined after its first line, the version."""
    version, _, rest = source.partition("\n")
    return "\n".join([version, *(f"#define {name}" for name in names), rest])


_LOBES = """
#ifdef SWIFT
float fifth(float x) { float y = x * x; return y * y * x; }
#else
float fifth(float x) { return pow(x, 5.0); }
#endif
float glossy(float nh, float nl, float nv, float rough) {
    float a2 = rough * rough * rough * rough, d = nh * nh * (a2 - 1.0) + 1.0;
    float k = rough * rough * 0.5;
    return a2 / (3.14159 * d * d) * 0.25 / ((nl * (1.0 - k) + k) * (nv * (1.0 - k) + k));
}
"""

# With SIDE, the lamps without shadow, all but the first, shine on vertices: triangles are a few pixels wide, so that it hardly shows.
MESH_VERTEX = (
    """#version 410 core
layout(location=0) in vec3 position;
layout(location=1) in vec3 normal;
layout(location=2) in vec2 uv;
layout(location=3) in float open_sky;
layout(location=4) in float own_shade;
uniform mat4 view_projection;
out vec3 world; out vec3 facing; out vec2 tex; out float sky; out float shaded;
"""
    + _LOBES
    + """
#ifdef SIDE
uniform sampler2D orm_map;
uniform vec3 camera; uniform vec3 light_direction[4]; uniform vec3 light_colour[4]; uniform float light_size[4];
uniform float roughness; uniform float specular; uniform float skin; uniform bool two_sided;
out vec3 side_diffuse; out vec3 side_gloss;
void light_sides() {
    vec3 view = normalize(camera - position), orm = textureLod(orm_map, uv, 3.0).rgb;
    vec3 n = two_sided && dot(normal, view) < 0.0 ? -normal : normal;
    float rough = clamp(orm.g * roughness, 0.06, 1.0), nv = max(dot(n, view), 1e-3), f0 = mix(0.04, 0.028, skin) * specular;
    float open = min(0.07 + 0.93 * open_sky, orm.r), hide = smoothstep(-0.1, 0.5, open);
    vec3 wrap = skin * vec3(0.30, 0.11, 0.06);
    side_diffuse = side_gloss = vec3(0.0);
    for (int i = 1; i < 4; i++) {
        vec3 l = light_direction[i], h = normalize(l + view);
        float nl = dot(n, l), front = max(nl, 0.0), lobe = clamp(rough + light_size[i] * 0.25 * (1.0 - rough), 0.06, 1.0);
        vec3 spread = clamp((vec3(nl) + wrap) / ((1.0 + wrap) * (1.0 + wrap)), 0.0, 1.0);
        float fresnel = f0 + (specular - f0) * fifth(1.0 - max(dot(view, h), 0.0)) * (1.0 - 0.6 * rough);
        float leak = i < 2 ? 1.0 : smoothstep(0.7, 1.0, open);
        side_diffuse += light_colour[i] * hide * spread;
        side_gloss += light_colour[i] * hide * leak * fresnel * front * glossy(max(dot(n, h), 0.0), front, nv, lobe * (1.0 - 0.12 * skin));
    }
}
#endif
void main() {
    world = position; facing = normal; tex = uv; sky = open_sky; shaded = own_shade;
    gl_Position = view_projection * vec4(position, 1.0);
#ifdef SIDE
    light_sides();
#endif
}
"""
)

DEPTH_VERTEX = """#version 410 core
layout(location=0) in vec3 position;
layout(location=2) in vec2 uv;
uniform mat4 view_projection;
out vec2 tex;
void main() { tex = uv; gl_Position = view_projection * vec4(position, 1.0); }
"""

SOLID_VERTEX = """#version 410 core
layout(location=0) in vec3 position;
uniform mat4 view_projection;
void main() { gl_Position = view_projection * vec4(position, 1.0); }
"""

SOLID_FRAGMENT = """#version 410 core
void main() {}
"""

DEPTH_FRAGMENT = """#version 410 core
in vec2 tex;
uniform sampler2D albedo_map;
uniform vec4 colour;
uniform float cutoff;
void main() {
    if (texture(albedo_map, tex).a * colour.a < cutoff) discard;
}
"""

# The disc of taps is turned per pixel by interleaved gradient noise (Jimenez 2014: 52.98, 0.0671, 0.00584), which trades bands
# for fine noise. GLSL indexes matrices by column, so a row of shadow_matrix is gathered from three columns.
_SHADOW = """
#ifdef SWIFT
const int TAPS = 4;
#else
const int TAPS = 16;
#endif
uniform sampler2DShadow shadow_map;
uniform mat4 shadow_matrix;
uniform float shadow_spread;
const vec2 DISC[16] = vec2[](vec2(-.94,-.40), vec2(.95,-.77), vec2(-.09,-.93), vec2(.34,.29), vec2(-.92,.46), vec2(-.82,-.88),
    vec2(-.38,.28), vec2(.97,.76), vec2(.44,-.98), vec2(.54,-.47), vec2(-.26,-.42), vec2(.79,.19), vec2(-.24,.997), vec2(-.81,.91),
    vec2(.20,.79), vec2(.14,-.14));
float lit(vec3 place, vec3 up) {
    vec3 at = (shadow_matrix * vec4(place, 1.0)).xyz * 0.5 + 0.5;
    // Each tap is compared with the receiver's tangent plane; otherwise wide taps on a slope would shade the slope itself.
    vec3 rows = vec3(0.0);
    for (int i = 0; i < 3; i++) {
        vec3 row = vec3(shadow_matrix[0][i], shadow_matrix[1][i], shadow_matrix[2][i]);
        rows[i] = dot(row, up) / dot(row, row);
    }
    vec2 slope = -rows.xy / (abs(rows.z) < 1e-6 ? 1e-6 : rows.z);
    if (any(lessThan(at, vec3(0.0))) || any(greaterThan(at, vec3(1.0)))) return 1.0;
    float angle = 6.2832 * fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    mat2 turn = mat2(cos(angle), sin(angle), -sin(angle), cos(angle));
    float sum = 0.0;
    for (int i = 0; i < TAPS; i++) {
        vec2 tap = turn * DISC[i] * shadow_spread;
        sum += texture(shadow_map, vec3(at.xy + tap, at.z + clamp(dot(tap, slope), -0.004, 0.004)));
    }
    return sum / float(TAPS);
}
"""

# neutral: 0.76 is Khronos' start of compression 0.8 less the Fresnel offset 0.04, 0.15 its desaturation.
# film: Lottes, Advanced techniques and optimization of HDR color pipelines, GDC 2016, with contrast 1.45, shoulder 0.97, white at 2.8 and
# 0.20 shown as 0.20; channels by themselves, so that highlights lose their hue as on film, mixed with a curve of the luminance.
# encoded: the sRGB transfer function of IEC 61966-2-1. dither: half a step of 8 bits, against bands in the backdrop.
_TONE = """
uniform bool filmic;
// Khronos PBR Neutral tone mapping: keeps base colours and compresses highlights only.
vec3 neutral(vec3 c) {
    float least = min(c.r, min(c.g, c.b));
    c -= least < 0.08 ? least - 6.25 * least * least : 0.04;
    float peak = max(c.r, max(c.g, c.b));
    if (peak < 0.76) return c;
    float d = 0.24, low = 1.0 - d * d / (peak + d - 0.76);
    return mix(vec3(low), c * low / peak, 1.0 / (0.15 * (peak - low) + 1.0));
}
vec3 curve(vec3 c) {
    vec3 z = pow(max(c, vec3(1e-6)), vec3(1.45));
    return z / (pow(z, vec3(0.97)) * 0.95524 + 0.38537);
}
vec3 toned(vec3 c) {
    if (!filmic) return neutral(c);
    float light = max(dot(c, vec3(0.2126, 0.7152, 0.0722)), 1e-6);
    return mix(c * (curve(vec3(light)).r / light), curve(c), 0.6);
}
vec3 encoded(vec3 c) {
    c = clamp(c, 0.0, 1.0);
    return mix(c * 12.92, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}
float dither() { return (fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)))) - 0.5) / 255.0; }
"""

# glossy: GGX distribution with alpha = roughness^2, hence the fourth power in a2, and Schlick's form of Smith's shadowing.
# f0: 0.04 for dielectrics as in glTF, 0.028 for skin, whose index of refraction is about 1.4.
# spread: wrapped diffuse light, divided by (1 + wrap)^2 so that it does not add energy.
MESH_FRAGMENT = (
    """#version 410 core
in vec3 world; in vec3 facing; in vec2 tex; in float sky; in float shaded;
#ifdef SIDE
in vec3 side_diffuse; in vec3 side_gloss;
const int LAMPS = 1;
#else
const int LAMPS = 4;
#endif
out vec4 result;
uniform float specular;
uniform sampler2D albedo_map; uniform sampler2D normal_map; uniform sampler2D orm_map;
uniform vec4 colour; uniform float roughness; uniform float cutoff; uniform float skin; uniform bool bumpy;
uniform bool two_sided; uniform int alpha_pass;
uniform vec3 camera;
uniform vec3 light_direction[4]; uniform vec3 light_colour[4]; uniform float light_size[4];
uniform vec3 sky_colour; uniform vec3 ground_colour;
uniform vec3 irradiance[9];
uniform int box_count; uniform vec3 box_direction[4]; uniform vec3 box_colour[4]; uniform float box_sharpness[4];
"""
    + _SHADOW
    + _TONE
    + """
vec3 bumped(vec3 n) {
    // Cotangent frame from screen derivatives; in glTF, V points down and green up.
    vec3 dx = dFdx(world), dy = dFdy(world);
    vec2 ux = dFdx(tex), uy = dFdy(tex);
    vec3 a = cross(dy, n), b = cross(n, dx);
    vec3 t = a * ux.x + b * uy.x, up = -(a * ux.y + b * uy.y);
    float size = max(dot(t, t), dot(up, up));
    if (size < 1e-20) return n;
    vec3 m = texture(normal_map, tex).xyz * 2.0 - 1.0;
    float s = inversesqrt(size);
    return normalize(t * s * m.x + up * s * m.y + n * m.z);
}
vec3 ambient_light(vec3 n) {
    return max(vec3(0.0), irradiance[0] + irradiance[1] * n.y + irradiance[2] * n.z + irradiance[3] * n.x + irradiance[4] * n.x * n.y
               + irradiance[5] * n.y * n.z + irradiance[6] * (3.0 * n.z * n.z - 1.0) + irradiance[7] * n.x * n.z
               + irradiance[8] * (n.x * n.x - n.y * n.y));
}
// Light that a surface of this roughness reflects from `mirror`: both the softboxes and the surface's lobe are spherical Gaussians, whose
// convolution is one (Wang et al. 2009, All-frequency rendering of dynamic, spatially-varying reflectance).
vec3 reflected_light(vec3 mirror, float rough, float nv) {
    vec3 seen = mix(ground_colour, sky_colour, smoothstep(-0.4, 0.6, mirror.y));
    float lobe = 0.5 / (rough * rough * rough * rough * max(nv, 0.1));
    for (int i = 0; i < box_count; i++) {
        float share = lobe / (lobe + box_sharpness[i]);
        seen += box_colour[i] * share * exp(box_sharpness[i] * share * (dot(mirror, box_direction[i]) - 1.0));
    }
    return seen;
}
"""
    + _LOBES
    + """
void main() {
    vec4 base = texture(albedo_map, tex) * colour * vec4(vec3(shaded), 1.0);
    vec3 n = normalize(facing), view = normalize(camera - world);
    if (two_sided && !gl_FrontFacing) n = -n;
    float alpha = 1.0;
#ifndef SOLID
    if (alpha_pass == 1) {            // MASK: an edge one pixel wide
        alpha = clamp((base.a - cutoff) / max(fwidth(base.a), 1e-3) + 0.5, 0.0, 1.0);
        if (alpha < 0.5) discard;
        alpha = 1.0;
    } else if (alpha_pass == 2) {     // BLEND, the dense part: writes depth
        if (base.a < 0.92) discard;
    } else if (alpha_pass == 3) {     // BLEND, the rest
        alpha = base.a;
        if (alpha < 0.004) discard;
    }
#endif
    vec3 shape = n;
    if (bumpy) n = bumped(n);
    vec3 orm = texture(orm_map, tex).rgb;
    // Both are measured on the same character, one in this pose, the other with texels: the darker one counts.
    float open_sky = min(0.07 + 0.93 * sky, orm.r), rough = clamp(orm.g * roughness, 0.06, 1.0), metal = orm.b;
    vec3 diffuse = base.rgb * (1.0 - metal), f0 = mix(vec3(mix(0.04, 0.028, skin) * specular), base.rgb, metal);
    float nv = max(dot(n, view), 1e-3);
    // Subsurface scattering: light leaves skin away from where it enters. Red travels furthest, so it sees the most blurred normals.
    vec3 wrap = skin * vec3(0.30, 0.11, 0.06);
    // A lid or a lash never hides the whole of a wide studio lamp: eyes keep their catchlight.
    float wet = 0.75 * (1.0 - smoothstep(0.15, 0.35, rough));
    vec3 total = vec3(0.0);
#ifdef SIDE
    total += side_diffuse * diffuse / 3.14159 + side_gloss;
#endif
    for (int i = 0; i < LAMPS; i++) {
        vec3 l = light_direction[i];
        // Grazing light needs a longer normal offset.
        float shade = i == 0 ? lit(world + shape * (0.0012 + 0.0030 * (1.0 - clamp(dot(shape, l), 0.0, 1.0))), shape) : 1.0;
        float hide = i == 0 ? mix(1.0, open_sky, 0.35) : smoothstep(-0.1, 0.5, open_sky);
        float nl = dot(n, l), soft = dot(mix(n, shape, 0.7 * skin), l);
        vec3 spread = clamp((mix(vec3(nl), vec3(soft, mix(nl, soft, 0.5), nl), skin) + wrap)
                            / ((1.0 + wrap) * (1.0 + wrap)), 0.0, 1.0);
        vec3 bleed = mix(vec3(shade), vec3(0.06, 0.015, 0.01) + vec3(0.94, 0.985, 0.99) * pow(vec3(shade), vec3(0.62, 1.0, 1.08)), skin);
        vec3 h = normalize(l + view);
        float lobe = clamp(rough + light_size[i] * 0.25 * (1.0 - rough), 0.06, 1.0), nh = max(dot(n, h), 0.0), front = max(nl, 0.0);
        vec3 fresnel = f0 + (specular - f0) * fifth(1.0 - max(dot(view, h), 0.0)) * (1.0 - 0.6 * rough);
        // Skin has two specular lobes: the rough outer layer, and a thin film of oil on it.
#ifdef SWIFT
        vec3 gloss = fresnel * front * glossy(nh, front, nv, lobe * (1.0 - 0.12 * skin));
#else
        vec3 gloss = fresnel * front * mix(glossy(nh, front, nv, lobe), glossy(nh, front, nv, lobe * 0.62), 0.3 * skin);
#endif
        // Lamps behind the head cast no shadow: in creases their grazing highlights would leak through the flesh.
        float leak = i < 2 ? 1.0 : smoothstep(0.7, 1.0, open_sky);
        total += light_colour[i] * hide * (diffuse / 3.14159 * spread * bleed + gloss * leak * mix(shade, 1.0, wet));
    }
    // Light that scatters below the skin blurs small normals.
    vec3 ambient = ambient_light(normalize(mix(n, shape, 0.6 * skin)));
    // Bounced light takes the colour of the surface: multi-bounce occlusion (Jimenez et al. 2016).
    vec3 cavity = max(vec3(open_sky), ((open_sky * (2.0404 * diffuse - 0.3324) + (0.6417 - 4.7951 * diffuse)) * open_sky
                       + (2.7552 * diffuse + 0.6903)) * open_sky);
    total += diffuse * ambient * mix(vec3(open_sky), cavity, 0.8);
    vec3 mirror = reflect(-view, n);
    vec3 seen = reflected_light(mirror, rough, nv);
    // The catchlight: a softbox near the camera, reflected only by wet surfaces.
    vec3 box = normalize(light_direction[0] + 1.7 * view);
    seen += 16.0 * wet * smoothstep(0.975, 0.99, dot(mirror, box));
    vec3 edge = f0 + (max(vec3(1.0 - rough) * specular, f0) - f0) * fifth(1.0 - nv);
    total += seen * edge * open_sky * open_sky * (1.0 - 0.55 * rough);
    result = vec4(encoded(toned(total)) + dither(), alpha);
}
"""
)

# One triangle, twice the size of the screen, from the vertex number alone: no buffer and no diagonal seam.
SCREEN_VERTEX = """#version 410 core
out vec2 place;
void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    place = corner;
    gl_Position = vec4(corner * 2.0 - 1.0, 1.0, 1.0);
}
"""

BACKDROP_FRAGMENT = (
    """#version 410 core
in vec2 place;
out vec4 result;
uniform vec3 inner; uniform vec3 outer; uniform vec2 centre; uniform float aspect;
"""
    + _TONE
    + """
void main() {
    vec2 away = (place - centre) * vec2(aspect, 1.0) * vec2(1.0, 0.8);
    result = vec4(encoded(mix(inner, outer, smoothstep(0.0, 0.85, length(away)))) + dither(), 1.0);
}
"""
)

FLOOR_FRAGMENT = (
    """#version 410 core
in vec3 world; in vec3 facing; in vec2 tex; in float sky;
out vec4 result;
uniform vec3 camera;
"""
    + _SHADOW
    + """
void main() {
    float radius = length(tex - 0.5) * 2.0;
    float thrown = 1.0 - lit(world + vec3(0.0, 0.002, 0.0), vec3(0.0, 1.0, 0.0));
    float dark = thrown * 0.38 * (1.0 - smoothstep(0.1, 0.9, radius)) + (1.0 - sky) * 0.55;
    result = vec4(0.05, 0.05, 0.06, clamp(dark, 0.0, 0.8) * (1.0 - smoothstep(0.5, 1.0, radius)));
}
"""
)
