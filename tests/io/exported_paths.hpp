// Written by unroll::export_header.
// clang-format off
#pragma once

#include <algorithm>
#include <unroll/inference.hpp>

namespace paths {

using Model = unroll::Sequential<unroll::Residual<unroll::Sequential<unroll::Gru<float, 1, 8>, unroll::Dense<float, 8, 1>>>, unroll::Residual<unroll::Dropout<float>>, unroll::Branches<unroll::Dense<float, 1, 2>, unroll::Sequential<unroll::Lstm<float, 1, 3>, unroll::Dense<float, 3, 1>>>>;

/// 0.layer.0.weight_ih, 24 x 1, column by column.
inline constexpr float weights_0[] = {
    -0x1.b021fp-4f, -0x1.e4bebcp-3f, 0x1.578166p-2f, -0x1.02bae6p-3f, -0x1.6d4f74p-3f, -0x1.24445ep-2f,
    -0x1.70bb02p-3f, -0x1.bb1924p-5f, -0x1.96a166p-3f, -0x1.13b46ep-2f, -0x1.28de2ap-2f, -0x1.122966p-4f,
    0x1.089308p-2f, 0x1.140cdcp-2f, 0x1.50a54ap-4f, -0x1.cc9fdap-3f, -0x1.fedd32p-3f, 0x1.457004p-3f,
    0x1.f55afcp-4f, -0x1.347e84p-2f, -0x1.086c7cp-5f, -0x1.194728p-2f, -0x1.2296ep-3f, 0x1.470dccp-3f};

/// 0.layer.0.weight_hh, 24 x 8, column by column.
inline constexpr float weights_1[] = {
    0x1.9dfa5p-3f, 0x1.de37bap-4f, -0x1.51c11ap-2f, 0x1.18e0b2p-2f, -0x1.8ace2cp-4f, -0x1.8f2a88p-3f,
    0x1.205a56p-3f, -0x1.797dbap-4f, -0x1.1b820ap-3f, 0x1.a187dep-4f, -0x1.368afep-2f, -0x1.975f22p-7f,
    0x1.2e0d3ap-3f, -0x1.359088p-4f, 0x1.65f18ap-3f, -0x1.2c51eap-4f, 0x1.21c452p-2f, -0x1.8ee9fcp-4f,
    0x1.2490d6p-2f, -0x1.e249b2p-4f, 0x1.07785ap-5f, -0x1.252896p-4f, -0x1.0ab1e8p-4f, -0x1.4c6a48p-2f,
    -0x1.df098ap-3f, -0x1.67bc36p-2f, -0x1.75fa6ep-4f, 0x1.db9dd4p-3f, -0x1.1b12fep-2f, 0x1.898486p-3f,
    -0x1.230c64p-4f, 0x1.2ff1ecp-2f, -0x1.2c9674p-3f, 0x1.60d822p-3f, 0x1.500802p-3f, -0x1.732f22p-3f,
    -0x1.4f1804p-2f, 0x1.34eee2p-3f, 0x1.12c57cp-3f, 0x1.777c1ep-5f, 0x1.4f2e58p-2f, -0x1.e3a94ap-3f,
    0x1.c8da28p-4f, 0x1.b448f4p-3f, -0x1.8c3658p-3f, 0x1.19272cp-2f, 0x1.3dd292p-3f, 0x1.de3c38p-3f,
    0x1.994046p-3f, -0x1.d541e2p-3f, -0x1.31862cp-2f, -0x1.bcb4p-3f, -0x1.8cefa8p-3f, 0x1.08d3fp-2f,
    0x1.e324e8p-3f, 0x1.ce7186p-4f, -0x1.dc41b6p-3f, 0x1.d3cc56p-3f, 0x1.53b02p-2f, 0x1.58e36ap-2f,
    -0x1.816bccp-7f, 0x1.f874a2p-5f, -0x1.e02fa6p-3f, 0x1.b65f2cp-5f, -0x1.189e34p-2f, 0x1.632fd6p-3f,
    0x1.19af3ap-2f, -0x1.8afe7cp-3f, -0x1.fcb87cp-9f, 0x1.2d9f6p-3f, -0x1.92762ep-4f, -0x1.99f65ep-3f,
    -0x1.e106cap-3f, 0x1.fd8dcep-3f, -0x1.00675ap-2f, 0x1.4dcc5p-3f, 0x1.0d30eep-3f, -0x1.06c05ep-2f,
    -0x1.3f76p-6f, 0x1.4740a4p-3f, 0x1.0de3fp-2f, 0x1.30cfd8p-2f, -0x1.892ab4p-4f, 0x1.0f43e8p-3f,
    0x1.5fa3c2p-3f, 0x1.82c628p-4f, 0x1.61512p-3f, 0x1.511288p-2f, -0x1.1c966ep-4f, 0x1.d24662p-5f,
    -0x1.ed886p-4f, -0x1.7cbf1ap-4f, 0x1.5ba00cp-3f, 0x1.69d34p-2f, 0x1.5f8db2p-2f, -0x1.5925a2p-4f,
    -0x1.5479dep-3f, -0x1.988408p-3f, -0x1.36cffcp-4f, 0x1.12b0bp-3f, 0x1.fc58a8p-3f, 0x1.54c86cp-2f,
    0x1.3ebe34p-2f, 0x1.b69176p-3f, 0x1.0fd308p-2f, -0x1.feba7cp-3f, 0x1.6f4f08p-4f, 0x1.709818p-3f,
    -0x1.e83ba4p-3f, 0x1.1a8628p-3f, -0x1.b2acecp-3f, 0x1.f652f8p-3f, 0x1.309d44p-2f, -0x1.08a0fp-2f,
    -0x1.10099cp-3f, 0x1.9ffb42p-4f, 0x1.a5df02p-3f, -0x1.5b014cp-5f, -0x1.aff1c2p-4f, -0x1.427aecp-2f,
    0x1.9b3cf8p-4f, 0x1.8b9c74p-4f, -0x1.5572d4p-5f, -0x1.632092p-3f, -0x1.1af92p-2f, -0x1.0c1728p-4f,
    -0x1.882bap-4f, 0x1.b5493ap-3f, -0x1.14c0a4p-2f, -0x1.a44424p-4f, 0x1.4c4956p-2f, -0x1.290e84p-3f,
    0x1.d0e35p-4f, 0x1.fb9214p-4f, 0x1.30b0e4p-2f, 0x1.dc235p-3f, 0x1.e001e2p-3f, -0x1.3b59fep-2f,
    0x1.25eb9ap-3f, -0x1.1ae448p-2f, 0x1.071228p-5f, 0x1.757462p-3f, 0x1.57db9p-5f, 0x1.86608p-4f,
    0x1.43aa24p-4f, -0x1.d23e06p-3f, 0x1.8605d6p-3f, -0x1.8b3d58p-3f, -0x1.5733p-2f, 0x1.4b4d5ap-4f,
    0x1.1baa5ap-2f, 0x1.47bd6ap-3f, -0x1.1a9842p-3f, -0x1.b53da8p-3f, -0x1.c4a44p-11f, -0x1.278314p-6f,
    -0x1.5c2b82p-2f, 0x1.104dc6p-2f, 0x1.24f86cp-3f, 0x1.de2592p-3f, 0x1.3f5bc6p-2f, -0x1.90687ep-3f,
    -0x1.7d6074p-3f, 0x1.db96cep-3f, -0x1.0e6f16p-3f, -0x1.8b1748p-3f, -0x1.10957ep-4f, 0x1.19c24ep-2f,
    -0x1.5fa78ep-2f, 0x1.e3902cp-7f, 0x1.28f5c8p-2f, -0x1.38e892p-2f, -0x1.050f88p-2f, -0x1.fe4954p-5f,
    -0x1.bd7fep-3f, -0x1.2a4f26p-2f, -0x1.16569p-2f, -0x1.df582p-5f, 0x1.aa2eb4p-3f, -0x1.3e0e84p-3f,
    -0x1.735be2p-10f, -0x1.d66eeep-3f, -0x1.3d7998p-4f, 0x1.60ba1cp-3f, 0x1.69d9dep-2f, 0x1.31564ep-2f,
    0x1.cdb12cp-3f, 0x1.1a505p-3f, -0x1.29dfaep-4f, 0x1.696438p-7f, -0x1.aa60c4p-3f, 0x1.b3997ap-4f};

/// 0.layer.0.bias, 32 x 1, column by column.
inline constexpr float weights_2[] = {
    0x1.85a502p-4f, -0x1.b21ac8p-5f, 0x1.cdb86p-3f, -0x1.a21f9p-8f, 0x1.699118p-2f, -0x1.93ac22p-4f,
    0x1.2ef84ep-3f, 0x1.0dc548p-5f, -0x1.86cb3ep-3f, 0x1.750e16p-5f, -0x1.2da1f6p-5f, 0x1.f0597p-3f,
    -0x1.4eb7bep-5f, -0x1.10f376p-3f, 0x1.0328d8p-3f, -0x1.2cf314p-2f, -0x1.6d228p-4f, -0x1.27d53p-3f,
    -0x1.1ccfe4p-3f, -0x1.134aeap-3f, -0x1.25d116p-4f, 0x1.c672bp-3f, 0x1.a6398ap-4f, 0x1.edb02cp-4f,
    0x1.c57c32p-4f, -0x1.1eb282p-2f, -0x1.68d84ep-2f, 0x1.5904c2p-2f, 0x1.619d68p-2f, 0x1.2b594cp-3f,
    -0x1.768a74p-6f, 0x1.c6dd72p-8f};

/// 0.layer.1.weight, 1 x 8, column by column.
inline constexpr float weights_3[] = {
    0x1.61dc76p-2f, -0x1.0bf17p-2f, -0x1.f6679cp-5f, -0x1.319d78p-3f, 0x1.31d6fep-3f, 0x1.2b52bep-3f,
    -0x1.b32698p-3f, 0x1.0131f2p-4f};

/// 0.layer.1.bias, 1 x 1, column by column.
inline constexpr float weights_4[] = {
    -0x1.3efa0cp-4f};

/// 2.0.weight, 2 x 1, column by column.
inline constexpr float weights_5[] = {
    -0x1.45891cp-1f, -0x1.0c8bap-3f};

/// 2.0.bias, 2 x 1, column by column.
inline constexpr float weights_6[] = {
    0x1.0515e4p-1f, 0x1.3c1aa8p-2f};

/// 2.1.0.weight_ih, 12 x 1, column by column.
inline constexpr float weights_7[] = {
    0x1.65b054p-3f, 0x1.e06de6p-2f, -0x1.d26fa6p-4f, -0x1.c57f28p-5f, 0x1.fee19p-4f, -0x1.c87c2ep-7f,
    -0x1.0b359p-1f, 0x1.2d8b4ap-2f, -0x1.6f365ap-3f, -0x1.efaa7p-3f, -0x1.cbecbap-2f, -0x1.e28a42p-2f};

/// 2.1.0.weight_hh, 12 x 3, column by column.
inline constexpr float weights_8[] = {
    0x1.02eeaap-1f, 0x1.87503cp-2f, -0x1.fea91ep-3f, 0x1.fa60f4p-3f, -0x1.0882b2p-2f, 0x1.4d5796p-4f,
    0x1.db3612p-2f, 0x1.6fdf98p-2f, 0x1.af07acp-3f, -0x1.1dfef8p-2f, 0x1.7314bp-3f, 0x1.367a6p-3f,
    0x1.4c13d8p-5f, 0x1.7a26d6p-2f, -0x1.2633f4p-2f, -0x1.66153cp-2f, -0x1.083dbep-2f, 0x1.9ab8e2p-2f,
    0x1.f074cap-2f, 0x1.13ced8p-3f, 0x1.561ebep-3f, -0x1.235912p-3f, -0x1.86d3dep-2f, 0x1.871a22p-2f,
    -0x1.77d73cp-2f, -0x1.aabc8cp-2f, 0x1.e994dap-2f, 0x1.c7f016p-2f, -0x1.0b935p-1f, -0x1.47fabep-2f,
    0x1.c2b68p-2f, 0x1.fbfb3ap-4f, -0x1.094626p-2f, 0x1.a19eb6p-2f, -0x1.10153cp-1f, 0x1.147634p-1f};

/// 2.1.0.bias, 12 x 1, column by column.
inline constexpr float weights_9[] = {
    -0x1.1812ep-3f, 0x1.24f91p-1f, 0x1.bb9f4ep-4f, -0x1.95a7d2p-5f, 0x1.ccc61cp-3f, 0x1.26c34ap-3f,
    0x1.118694p-2f, 0x1.b89e3ap-2f, -0x1.b8c61cp-3f, -0x1.318374p-3f, 0x1.ee3a3ap-4f, 0x1.01f7b8p-2f};

/// 2.1.1.weight, 1 x 3, column by column.
inline constexpr float weights_10[] = {
    -0x1.ef694ap-6f, 0x1.b52bb8p-7f, 0x1.1b5662p-2f};

/// 2.1.1.bias, 1 x 1, column by column.
inline constexpr float weights_11[] = {
    0x1.58aea6p-3f};

inline Model model() {
  Model result = Model(unroll::Residual<unroll::Sequential<unroll::Gru<float, 1, 8>, unroll::Dense<float, 8, 1>>>(unroll::Sequential<unroll::Gru<float, 1, 8>, unroll::Dense<float, 8, 1>>(unroll::Gru<float, 1, 8>::zeros({unroll::Direction::forward, unroll::Readout::all}), unroll::Dense<float, 8, 1>::zeros(8, 1))), unroll::Residual<unroll::Dropout<float>>(unroll::Dropout<float>(0)), unroll::Branches<unroll::Dense<float, 1, 2>, unroll::Sequential<unroll::Lstm<float, 1, 3>, unroll::Dense<float, 3, 1>>>(unroll::Dense<float, 1, 2>::zeros(1, 2), unroll::Sequential<unroll::Lstm<float, 1, 3>, unroll::Dense<float, 3, 1>>(unroll::Lstm<float, 1, 3>::zeros({unroll::Direction::forward, unroll::Readout::all}), unroll::Dense<float, 3, 1>::zeros(3, 1))));
  const float* const weights[] = {weights_0, weights_1, weights_2, weights_3, weights_4, weights_5, weights_6, weights_7, weights_8, weights_9, weights_10, weights_11};
  std::size_t k = 0;
  unroll::for_each_tensor(
      [&](const std::string&, auto& tensor) { std::copy_n(weights[k++], tensor.size(), tensor.data()); },
      result);
  return result;
}

}  // namespace paths
