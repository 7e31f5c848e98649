// Written by unroll::export_header.
// clang-format off
#pragma once

#include <algorithm>
#include <unroll/unroll.hpp>

namespace mixed {

using Model = unroll::Sequential<unroll::Sequential<unroll::Lstm<float, 3, 4>, unroll::Lstm<float, 4, 4>>, unroll::Gru<float, 4, 3>, unroll::OriginalGru<float, 3, 2>, unroll::Dense<float, 2, 2>>;

/// 0.0.weight_ih, 16 x 3, column by column.
inline constexpr float weights_0[] = {
    -0x1.1846p-2f, -0x1.7ea0e4p-5f, -0x1.2ba796p-2f, 0x1.c75fbcp-3f, 0x1.110c9cp-2f, -0x1.4e99p-2f,
    -0x1.8ceb0cp-3f, -0x1.943e34p-2f, -0x1.3ff1e6p-3f, -0x1.20da22p-3f, -0x1.5735bep-2f, -0x1.574576p-2f,
    0x1.af7c12p-4f, 0x1.9034d6p-2f, 0x1.ebe83p-2f, 0x1.1dd2dcp-3f, -0x1.845accp-2f, -0x1.cc085cp-5f,
    0x1.ed2adp-2f, 0x1.6bc208p-2f, -0x1.ce3b58p-3f, 0x1.d91d98p-2f, 0x1.18e2dp-2f, 0x1.65999ap-3f,
    -0x1.72c676p-2f, 0x1.7871dp-2f, 0x1.ab60a2p-2f, 0x1.dc1f28p-4f, -0x1.30455cp-4f, 0x1.0bf3aap-3f,
    -0x1.1fdeb2p-2f, -0x1.4ab134p-2f, -0x1.b98d46p-2f, -0x1.395e8ap-3f, -0x1.03acbcp-2f, -0x1.65f648p-4f,
    -0x1.f85126p-2f, 0x1.41add2p-2f, 0x1.7950d6p-2f, 0x1.bfe012p-2f, 0x1.e2bd94p-6f, -0x1.0cc2d2p-2f,
    0x1.de2102p-2f, 0x1.8245aap-2f, -0x1.464702p-3f, 0x1.ea0f5ap-2f, 0x1.6154e6p-5f, 0x1.b5c654p-3f};

/// 0.0.weight_hh, 16 x 4, column by column.
inline constexpr float weights_1[] = {
    -0x1.382cb2p-2f, -0x1.24152p-4f, -0x1.68310ep-5f, -0x1.e7e114p-2f, -0x1.c3eeccp-2f, 0x1.eb8aa6p-2f,
    -0x1.bc1de2p-3f, 0x1.9df5cp-2f, -0x1.f9bc96p-2f, 0x1.d921bp-3f, 0x1.697294p-7f, -0x1.0c056p-2f,
    -0x1.e2e17cp-2f, 0x1.805b92p-2f, -0x1.c06128p-2f, 0x1.519ac8p-4f, 0x1.b3db4p-2f, -0x1.807734p-2f,
    0x1.df70d4p-4f, -0x1.c868ep-2f, 0x1.395dbep-2f, 0x1.8f8e02p-3f, 0x1.0d5eb6p-3f, -0x1.36f0bep-2f,
    0x1.379eb2p-4f, -0x1.069ffep-2f, -0x1.64ad1cp-4f, -0x1.9e310cp-6f, 0x1.4f073p-2f, -0x1.9775c6p-3f,
    0x1.91ba4p-2f, -0x1.85fdf6p-2f, 0x1.00eae4p-2f, -0x1.e35f4ep-2f, -0x1.131124p-5f, -0x1.d8e3f2p-3f,
    -0x1.69ccecp-2f, -0x1.ba2d14p-2f, -0x1.56441ap-2f, 0x1.6e638cp-2f, 0x1.96bd5cp-3f, 0x1.4ba6d8p-3f,
    0x1.3cdffp-4f, -0x1.ea6484p-2f, -0x1.fb426cp-2f, 0x1.4a5b8ap-2f, 0x1.ba4abcp-4f, 0x1.5bf1b6p-2f,
    0x1.427b2cp-3f, 0x1.c8fde4p-3f, -0x1.5bbd8cp-5f, 0x1.0499a4p-3f, 0x1.43cad2p-3f, -0x1.797618p-2f,
    0x1.2ebcc4p-3f, 0x1.44b05ap-3f, -0x1.0390a6p-5f, -0x1.a03f9cp-2f, 0x1.dcfabap-2f, 0x1.0cd41ap-3f,
    0x1.58ba8ap-2f, 0x1.07e9fcp-5f, 0x1.0954f4p-5f, 0x1.7dbce2p-4f};

/// 0.0.bias, 16 x 1, column by column.
inline constexpr float weights_2[] = {
    0x1.a2716ap-4f, 0x1.c4a36cp-2f, -0x1.fa8256p-2f, -0x1.9e184ap-3f, 0x1.8f1198p-3f, 0x1.45953cp-2f,
    0x1.6e0838p-2f, -0x1.6cf5dcp-3f, -0x1.b36738p-2f, -0x1.644058p-2f, 0x1.186c5cp-3f, -0x1.a87f14p-10f,
    0x1.633836p-2f, 0x1.c104d8p-6f, 0x1.a22b7p-2f, -0x1.4746dcp-6f};

/// 0.1.weight_ih, 16 x 4, column by column.
inline constexpr float weights_3[] = {
    0x1.acbbd6p-2f, -0x1.fa131cp-2f, -0x1.537d64p-5f, 0x1.a44008p-3f, -0x1.b680fap-3f, -0x1.2def1ap-2f,
    0x1.a44b3ap-3f, -0x1.97abep-3f, 0x1.0e4e8cp-2f, 0x1.d90228p-3f, -0x1.e865cep-5f, 0x1.c38582p-6f,
    0x1.9d345ap-2f, 0x1.e088e2p-2f, 0x1.372ff6p-2f, -0x1.ffb464p-2f, 0x1.9d5ee2p-2f, 0x1.c06502p-2f,
    -0x1.5178eap-3f, 0x1.8f6f5ep-2f, -0x1.fa0792p-5f, 0x1.7467d2p-4f, 0x1.be22c2p-2f, -0x1.8b5384p-4f,
    -0x1.9d2e98p-2f, 0x1.a74d84p-2f, 0x1.3e9ae4p-3f, 0x1.d69142p-2f, 0x1.380314p-2f, -0x1.8e4b96p-5f,
    -0x1.492166p-2f, 0x1.bb438p-2f, -0x1.117a08p-4f, -0x1.f9e252p-3f, -0x1.0651b6p-2f, -0x1.1454f8p-2f,
    -0x1.7ce42p-2f, 0x1.d91994p-3f, -0x1.2ccae2p-2f, -0x1.1c624cp-2f, -0x1.36280ep-2f, 0x1.7adc2ap-2f,
    0x1.a045ccp-2f, -0x1.d98d8cp-4f, 0x1.23f606p-3f, 0x1.6cf124p-2f, -0x1.2afb28p-2f, -0x1.e0b81ap-3f,
    -0x1.642b2cp-4f, 0x1.b16d4ep-2f, 0x1.ff6e2ap-3f, -0x1.9504c6p-2f, 0x1.cb4bb4p-2f, -0x1.1feef8p-3f,
    -0x1.516072p-3f, -0x1.24a1aep-2f, -0x1.ba400ep-3f, -0x1.ce8c02p-3f, -0x1.a29f7ap-2f, -0x1.97b568p-4f,
    0x1.223dfp-5f, -0x1.7b349p-3f, 0x1.b1398ep-2f, -0x1.438d52p-3f};

/// 0.1.weight_hh, 16 x 4, column by column.
inline constexpr float weights_4[] = {
    0x1.ef9594p-2f, 0x1.2110dap-3f, 0x1.ae2d14p-2f, 0x1.2d3a0ap-3f, -0x1.6d975ep-2f, 0x1.7b68ep-3f,
    0x1.62041cp-2f, 0x1.931e3p-4f, -0x1.b970aep-4f, 0x1.302776p-3f, -0x1.29bec8p-3f, 0x1.a82208p-2f,
    0x1.03c4c8p-3f, -0x1.9cae5p-2f, -0x1.293056p-2f, 0x1.87afeep-4f, -0x1.b70cdcp-2f, -0x1.d7dc8p-2f,
    0x1.6dddbcp-3f, 0x1.6386dep-5f, 0x1.cf9afap-8f, -0x1.c88fd6p-2f, -0x1.c1af14p-3f, -0x1.d35fb6p-3f,
    -0x1.5e241p-4f, 0x1.0c48ap-2f, 0x1.ba2bb6p-3f, -0x1.b7c7p-2f, 0x1.4f9602p-2f, 0x1.a07674p-2f,
    -0x1.f41bdep-5f, -0x1.7387a4p-2f, 0x1.cf6cap-2f, 0x1.4fd2bp-3f, -0x1.adaa3ap-3f, -0x1.af926ap-4f,
    0x1.7aec8ep-2f, -0x1.bec30ep-2f, 0x1.7b18ecp-2f, -0x1.9dc3eep-2f, 0x1.4b0b5cp-2f, 0x1.a1039ap-6f,
    0x1.7cffe8p-5f, -0x1.fd9756p-4f, -0x1.d2beap-2f, 0x1.57a218p-4f, -0x1.0a218ep-3f, -0x1.b96ba2p-2f,
    -0x1.d17234p-2f, -0x1.10d5bp-5f, 0x1.aa2e1p-3f, -0x1.6c28bp-2f, -0x1.39a0ep-2f, -0x1.4b4ee2p-2f,
    0x1.c98984p-2f, 0x1.a23d94p-3f, 0x1.3e10a4p-5f, 0x1.f6c634p-2f, -0x1.d61f06p-2f, -0x1.cd7fc4p-4f,
    0x1.88b4f2p-2f, 0x1.210cf4p-3f, -0x1.305288p-2f, -0x1.be4958p-2f};

/// 0.1.bias, 16 x 1, column by column.
inline constexpr float weights_5[] = {
    0x1.ef4a16p-2f, 0x1.2ed8cep-4f, 0x1.1de856p-2f, 0x1.0fbe7cp-2f, -0x1.0e5c54p-2f, -0x1.07e276p-2f,
    0x1.0c1af6p-4f, -0x1.1d1332p-2f, 0x1.a4d94ep-5f, -0x1.815efcp-2f, 0x1.f962f2p-3f, 0x1.519c04p-3f,
    -0x1.161c26p-2f, -0x1.e2992cp-2f, -0x1.fe0a32p-2f, 0x1.0b574ap-3f};

/// 2.weight_ih, 9 x 4, column by column.
inline constexpr float weights_6[] = {
    -0x1.dbc3bcp-2f, 0x1.eec516p-2f, 0x1.b606d8p-10f, 0x1.07ff6p-1f, 0x1.432c48p-3f, -0x1.e52b4p-4f,
    -0x1.d9f82p-5f, -0x1.b854bap-2f, -0x1.7708b8p-2f, -0x1.85f0b2p-2f, -0x1.863696p-4f, -0x1.00f82p-1f,
    0x1.1e378ap-5f, 0x1.27a9fep-2f, -0x1.2dc3bp-4f, -0x1.c93068p-3f, -0x1.21e258p-1f, 0x1.0b2e8cp-2f,
    -0x1.a95ec2p-3f, 0x1.130e04p-5f, -0x1.419334p-2f, -0x1.d4f8e6p-3f, -0x1.937792p-2f, 0x1.520be8p-6f,
    0x1.1c91ap-5f, -0x1.ef8bbcp-4f, -0x1.3204bp-2f, 0x1.8eeffcp-3f, 0x1.f180cp-5f, -0x1.ed4fbcp-6f,
    -0x1.c9822cp-4f, 0x1.bce8dep-2f, 0x1.2dbd22p-2f, -0x1.d10e78p-2f, 0x1.3b7648p-4f, -0x1.e6fdfcp-2f};

/// 2.weight_hh, 9 x 3, column by column.
inline constexpr float weights_7[] = {
    -0x1.0f99a8p-3f, 0x1.14770cp-6f, 0x1.eca514p-2f, 0x1.325ff2p-3f, -0x1.d33b6p-2f, -0x1.832628p-3f,
    -0x1.33a274p-2f, -0x1.53b996p-3f, -0x1.46fd6ap-2f, 0x1.fce2e4p-6f, -0x1.a1eebp-2f, -0x1.2594dap-1f,
    0x1.b0b196p-2f, -0x1.00d978p-4f, -0x1.063f4p-1f, 0x1.491b82p-2f, -0x1.5ccd5ap-3f, 0x1.99db92p-2f,
    -0x1.da11d8p-2f, -0x1.eaa2e6p-5f, 0x1.f3c8bcp-4f, 0x1.a70b9ap-3f, 0x1.672072p-2f, -0x1.8d2bb8p-4f,
    -0x1.7097a8p-3f, 0x1.b6a7bp-3f, 0x1.6da8e6p-2f};

/// 2.bias, 12 x 1, column by column.
inline constexpr float weights_8[] = {
    -0x1.2ed2fcp-3f, 0x1.33e526p-2f, 0x1.292626p-2f, -0x1.0b3ac8p-3f, 0x1.b46dfep-4f, 0x1.04ef0cp-3f,
    0x1.a07374p-5f, -0x1.39e686p-2f, -0x1.8cfa6ep-4f, 0x1.6ac09p-2f, 0x1.cf7764p-3f, 0x1.c4934p-2f};

/// 3.weight_ih, 6 x 3, column by column.
inline constexpr float weights_9[] = {
    0x1.b43f86p-2f, 0x1.003052p-1f, 0x1.76103ap-2f, -0x1.4dec5p-1f, 0x1.19eaaap-5f, -0x1.2c8abp-3f,
    0x1.d86fc8p-2f, -0x1.206a14p-3f, -0x1.1bcdep-2f, 0x1.5aae2cp-3f, -0x1.4b9d64p-2f, 0x1.0e0c5p-3f,
    0x1.24bbf6p-1f, -0x1.1e1a6ap-1f, -0x1.e01988p-2f, 0x1.9a313ep-3f, 0x1.263634p-1f, 0x1.067672p-1f};

/// 3.weight_hh, 6 x 2, column by column.
inline constexpr float weights_10[] = {
    -0x1.c2d5p-3f, -0x1.02952p-1f, 0x1.279cd8p-1f, 0x1.fb5232p-2f, -0x1.3f0326p-1f, -0x1.e43878p-3f,
    0x1.7627ecp-2f, 0x1.f2cfdp-2f, -0x1.0ce7f6p-1f, 0x1.b21f08p-2f, -0x1.faae6p-2f, 0x1.09d212p-1f};

/// 3.bias, 6 x 1, column by column.
inline constexpr float weights_11[] = {
    0x1.b4bbd2p-7f, 0x1.cb11cp-3f, -0x1.dca63p-5f, -0x1.2c990ep-1f, 0x1.c5f01p-2f, -0x1.01c51cp-3f};

/// 4.weight, 2 x 2, column by column.
inline constexpr float weights_12[] = {
    -0x1.99b1d8p-2f, -0x1.547d4cp-2f, -0x1.5c9e24p-2f, -0x1.4b4016p-1f};

/// 4.bias, 2 x 1, column by column.
inline constexpr float weights_13[] = {
    -0x0p+0f, 0x1p-149f};

inline Model model() {
  Model result = Model(unroll::Sequential<unroll::Lstm<float, 3, 4>, unroll::Lstm<float, 4, 4>>(unroll::Lstm<float, 3, 4>::zeros({unroll::Direction::forward, unroll::Readout::all}), unroll::Lstm<float, 4, 4>::zeros({unroll::Direction::forward, unroll::Readout::all})), unroll::Gru<float, 4, 3>::zeros({unroll::Direction::forward, unroll::Readout::all}), unroll::OriginalGru<float, 3, 2>::zeros({unroll::Direction::forward, unroll::Readout::all}), unroll::Dense<float, 2, 2>::zeros(2, 2));
  const float* const weights[] = {weights_0, weights_1, weights_2, weights_3, weights_4, weights_5, weights_6, weights_7, weights_8, weights_9, weights_10, weights_11, weights_12, weights_13};
  std::size_t k = 0;
  unroll::for_each_tensor(
      [&](const std::string&, auto& tensor) { std::copy_n(weights[k++], tensor.size(), tensor.data()); },
      result);
  return result;
}

}  // namespace mixed
