// Written by unroll::export_header.
// clang-format off
#pragma once

#include <algorithm>
#include <unroll/inference.hpp>

namespace mixed {

using Model = unroll::Sequential<unroll::Sequential<unroll::Lstm<float, 3, 4>, unroll::Lstm<float, 4, 4>>, unroll::Gru<float, 4, 3>, unroll::OriginalGru<float, 3, 2>, unroll::ProjectedLstm<float>, unroll::Dense<float, 2, 2>>;

/// 0.0.weight_ih, 16 x 3, column by column.
inline constexpr float weights_0[] = {
    0x1.3cdffp-4f, -0x1.ea6484p-2f, -0x1.fb426cp-2f, 0x1.4a5b8ap-2f, 0x1.ba4abcp-4f, 0x1.5bf1b6p-2f,
    0x1.427b2cp-3f, 0x1.c8fde4p-3f, -0x1.5bbd8cp-5f, 0x1.0499a4p-3f, 0x1.43cad2p-3f, -0x1.797618p-2f,
    0x1.2ebcc4p-3f, 0x1.44b05ap-3f, -0x1.0390a6p-5f, -0x1.a03f9cp-2f, 0x1.dcfabap-2f, 0x1.0cd41ap-3f,
    0x1.58ba8ap-2f, 0x1.07e9fcp-5f, 0x1.0954f4p-5f, 0x1.7dbce2p-4f, 0x1.a2716ap-4f, 0x1.c4a36cp-2f,
    -0x1.fa8256p-2f, -0x1.9e184ap-3f, 0x1.8f1198p-3f, 0x1.45953cp-2f, 0x1.6e0838p-2f, -0x1.6cf5dcp-3f,
    -0x1.b36738p-2f, -0x1.644058p-2f, 0x1.186c5cp-3f, -0x1.a87f14p-10f, 0x1.633836p-2f, 0x1.c104d8p-6f,
    0x1.a22b7p-2f, -0x1.4746dcp-6f, 0x1.acbbd6p-2f, -0x1.fa131cp-2f, -0x1.537d64p-5f, 0x1.a44008p-3f,
    -0x1.b680fap-3f, -0x1.2def1ap-2f, 0x1.a44b3ap-3f, -0x1.97abep-3f, 0x1.0e4e8cp-2f, 0x1.d90228p-3f};

/// 0.0.weight_hh, 16 x 4, column by column.
inline constexpr float weights_1[] = {
    -0x1.e865cep-5f, 0x1.c38582p-6f, 0x1.9d345ap-2f, 0x1.e088e2p-2f, 0x1.372ff6p-2f, -0x1.ffb464p-2f,
    0x1.9d5ee2p-2f, 0x1.c06502p-2f, -0x1.5178eap-3f, 0x1.8f6f5ep-2f, -0x1.fa0792p-5f, 0x1.7467d2p-4f,
    0x1.be22c2p-2f, -0x1.8b5384p-4f, -0x1.9d2e98p-2f, 0x1.a74d84p-2f, 0x1.3e9ae4p-3f, 0x1.d69142p-2f,
    0x1.380314p-2f, -0x1.8e4b96p-5f, -0x1.492166p-2f, 0x1.bb438p-2f, -0x1.117a08p-4f, -0x1.f9e252p-3f,
    -0x1.0651b6p-2f, -0x1.1454f8p-2f, -0x1.7ce42p-2f, 0x1.d91994p-3f, -0x1.2ccae2p-2f, -0x1.1c624cp-2f,
    -0x1.36280ep-2f, 0x1.7adc2ap-2f, 0x1.a045ccp-2f, -0x1.d98d8cp-4f, 0x1.23f606p-3f, 0x1.6cf124p-2f,
    -0x1.2afb28p-2f, -0x1.e0b81ap-3f, -0x1.642b2cp-4f, 0x1.b16d4ep-2f, 0x1.ff6e2ap-3f, -0x1.9504c6p-2f,
    0x1.cb4bb4p-2f, -0x1.1feef8p-3f, -0x1.516072p-3f, -0x1.24a1aep-2f, -0x1.ba400ep-3f, -0x1.ce8c02p-3f,
    -0x1.a29f7ap-2f, -0x1.97b568p-4f, 0x1.223dfp-5f, -0x1.7b349p-3f, 0x1.b1398ep-2f, -0x1.438d52p-3f,
    0x1.ef9594p-2f, 0x1.2110dap-3f, 0x1.ae2d14p-2f, 0x1.2d3a0ap-3f, -0x1.6d975ep-2f, 0x1.7b68ep-3f,
    0x1.62041cp-2f, 0x1.931e3p-4f, -0x1.b970aep-4f, 0x1.302776p-3f};

/// 0.0.bias, 16 x 1, column by column.
inline constexpr float weights_2[] = {
    -0x1.29bec8p-3f, 0x1.a82208p-2f, 0x1.03c4c8p-3f, -0x1.9cae5p-2f, -0x1.293056p-2f, 0x1.87afeep-4f,
    -0x1.b70cdcp-2f, -0x1.d7dc8p-2f, 0x1.6dddbcp-3f, 0x1.6386dep-5f, 0x1.cf9afap-8f, -0x1.c88fd6p-2f,
    -0x1.c1af14p-3f, -0x1.d35fb6p-3f, -0x1.5e241p-4f, 0x1.0c48ap-2f};

/// 0.1.weight_ih, 16 x 4, column by column.
inline constexpr float weights_3[] = {
    0x1.ba2bb6p-3f, -0x1.b7c7p-2f, 0x1.4f9602p-2f, 0x1.a07674p-2f, -0x1.f41bdep-5f, -0x1.7387a4p-2f,
    0x1.cf6cap-2f, 0x1.4fd2bp-3f, -0x1.adaa3ap-3f, -0x1.af926ap-4f, 0x1.7aec8ep-2f, -0x1.bec30ep-2f,
    0x1.7b18ecp-2f, -0x1.9dc3eep-2f, 0x1.4b0b5cp-2f, 0x1.a1039ap-6f, 0x1.7cffe8p-5f, -0x1.fd9756p-4f,
    -0x1.d2beap-2f, 0x1.57a218p-4f, -0x1.0a218ep-3f, -0x1.b96ba2p-2f, -0x1.d17234p-2f, -0x1.10d5bp-5f,
    0x1.aa2e1p-3f, -0x1.6c28bp-2f, -0x1.39a0ep-2f, -0x1.4b4ee2p-2f, 0x1.c98984p-2f, 0x1.a23d94p-3f,
    0x1.3e10a4p-5f, 0x1.f6c634p-2f, -0x1.d61f06p-2f, -0x1.cd7fc4p-4f, 0x1.88b4f2p-2f, 0x1.210cf4p-3f,
    -0x1.305288p-2f, -0x1.be4958p-2f, 0x1.ef4a16p-2f, 0x1.2ed8cep-4f, 0x1.1de856p-2f, 0x1.0fbe7cp-2f,
    -0x1.0e5c54p-2f, -0x1.07e276p-2f, 0x1.0c1af6p-4f, -0x1.1d1332p-2f, 0x1.a4d94ep-5f, -0x1.815efcp-2f,
    0x1.f962f2p-3f, 0x1.519c04p-3f, -0x1.161c26p-2f, -0x1.e2992cp-2f, -0x1.fe0a32p-2f, 0x1.0b574ap-3f,
    -0x1.9c0634p-2f, 0x1.ac7bb8p-2f, 0x1.7b579ep-10f, 0x1.c941d6p-2f, 0x1.17e042p-3f, -0x1.a42b2cp-4f,
    -0x1.9a782ap-5f, -0x1.7d567ap-2f, -0x1.44c9fep-2f, -0x1.51b2b8p-2f};

/// 0.1.weight_hh, 16 x 4, column by column.
inline constexpr float weights_4[] = {
    -0x1.51ef4p-4f, -0x1.bd1572p-2f, 0x1.efbe06p-6f, 0x1.000d74p-2f, -0x1.0555eep-4f, -0x1.8beff6p-3f,
    -0x1.f61816p-2f, 0x1.cec5c2p-3f, -0x1.7061ap-3f, 0x1.dc68a8p-6f, -0x1.167dfcp-2f, -0x1.962452p-3f,
    -0x1.5d69aap-2f, 0x1.24c1c2p-6f, 0x1.ece34p-6f, -0x1.ad27c2p-4f, -0x1.090506p-2f, 0x1.597d6ep-3f,
    0x1.aed9a4p-5f, -0x1.ab3864p-6f, -0x1.8c36c6p-4f, 0x1.814d94p-2f, 0x1.05503ep-2f, -0x1.92c032p-2f,
    0x1.1132b8p-4f, -0x1.a5bf6p-2f, -0x1.d66ce6p-4f, 0x1.ded9fcp-7f, 0x1.aaa498p-2f, 0x1.09540ep-3f,
    -0x1.94a27ep-2f, -0x1.4f47eap-3f, -0x1.0a6b5cp-2f, -0x1.2635ep-3f, -0x1.1b2e7ap-2f, 0x1.b8b55ep-6f,
    -0x1.69f0a6p-2f, -0x1.fc7f7cp-2f, 0x1.76b946p-2f, -0x1.bce05ap-5f, -0x1.c639aap-2f, 0x1.1d03f2p-2f,
    -0x1.2e124ep-3f, 0x1.62f27ap-2f, -0x1.9a8e7p-2f, -0x1.a8e74cp-5f, 0x1.b0d364p-4f, 0x1.6e5e34p-3f,
    0x1.37034cp-2f, -0x1.57f5c2p-4f, -0x1.3f35dcp-3f, 0x1.7be2ecp-3f, 0x1.3cabaep-2f, -0x1.0640ep-3f,
    0x1.0aa51ep-2f, 0x1.0156aep-2f, -0x1.cedaf4p-4f, 0x1.79f58cp-4f, 0x1.c3f356p-4f, 0x1.68a83ap-5f,
    -0x1.0fd886p-2f, -0x1.57cb12p-4f, 0x1.3a2712p-2f, 0x1.915fa8p-3f};

/// 0.1.bias, 16 x 1, column by column.
inline constexpr float weights_5[] = {
    0x1.87f10ep-2f, 0x1.34795ap-2f, 0x1.6a4e3ap-2f, 0x1.0880b4p-2f, -0x1.d83d14p-2f, 0x1.8eb0bap-6f,
    -0x1.a907bcp-4f, 0x1.4e102ap-2f, -0x1.97e128p-4f, -0x1.915c18p-3f, 0x1.ea47b4p-4f, -0x1.d4f962p-3f,
    0x1.7de7dap-4f, 0x1.9dfd1cp-2f, -0x1.949c6ap-2f, -0x1.537b56p-2f};

/// 2.weight_ih, 9 x 4, column by column.
inline constexpr float weights_6[] = {
    0x1.4eebbp-3f, 0x1.e0721ep-2f, 0x1.ac998cp-2f, -0x1.701a52p-3f, -0x1.a64376p-2f, 0x1.e2bbc4p-2f,
    0x1.9e39d6p-2f, -0x1.0478f2p-1f, -0x1.8b5d4cp-3f, 0x1.317f3ep-2f, 0x1.974732p-2f, -0x1.b71f3p-2f,
    0x1.62756p-2f, -0x1.9db414p-2f, 0x1.b2154ep-2f, 0x1.64977p-7f, 0x1.76d41cp-3f, -0x1.852eb2p-5f,
    -0x1.eadfdp-2f, 0x1.72a37cp-2f, -0x1.a4efc4p-4f, -0x1.4e83aap-2f, -0x1.16022cp-2f, -0x1.1ca52cp-2f,
    -0x1.0e76fap-1f, -0x1.87434p-3f, -0x1.497f3ep-3f, -0x1.ae020ep-2f, -0x1.4a7caep-4f, 0x1.06be7ap-2f,
    -0x1.236dd4p-2f, -0x1.a4407ep-2f, -0x1.156ceap-4f, 0x1.d87066p-2f, -0x1.b8da4cp-2f, -0x1.1931d2p-1f};

/// 2.weight_hh, 9 x 3, column by column.
inline constexpr float weights_7[] = {
    0x1.0d44bap-1f, -0x1.d64e6p-2f, -0x1.40258p-2f, -0x1.21739ep-1f, -0x1.f8d618p-3f, -0x1.029b3ep-9f,
    0x1.900e1ep-3f, 0x1.b0d55cp-2f, -0x1.45bbc2p-7f, 0x1.2d5f0ap-2f, 0x1.648514p-4f, 0x1.ab57e2p-2f,
    0x1.216b5cp-1f, 0x1.4ccb22p-2f, -0x1.e3df4p-2f, 0x1.0f703ep-7f, 0x1.055032p-1f, -0x1.1b92a8p-8f,
    -0x1.bd5c6ep-4f, -0x1.0359c2p-1f, 0x1.13b636p-1f, 0x1.7c52f4p-3f, 0x1.7d6bdcp-4f, 0x1.484c5p-5f,
    0x1.6f2924p-2f, 0x1.5ba02p-2f, 0x1.1f2132p-7f};

/// 2.bias, 12 x 1, column by column.
inline constexpr float weights_8[] = {
    0x1.63ad84p-7f, 0x1.36a3f8p-3f, -0x1.b11e5p-5f, 0x1.b083c6p-2f, 0x1.95f3d4p-2f, -0x1.bc9fb2p-2f,
    -0x1.ccc7bep-3f, 0x1.d3a1f8p-3f, -0x1.98d456p-3f, 0x1.6b08c2p-5f, -0x1.f8175cp-3f, 0x1.90858cp-2f};

/// 3.weight_ih, 6 x 3, column by column.
inline constexpr float weights_9[] = {
    0x1.4e6e4p-1f, 0x1.5e2748p-1f, -0x1.bc154cp-2f, 0x1.8f6d92p-4f, -0x1.0ed95cp-1f, 0x1.11712cp-1f,
    0x1.902e2cp-3f, 0x1.0bb074p-2f, -0x1.795d3ap-5f, -0x1.047194p-1f, 0x1.1a814ep-3f, -0x1.346458p-2f,
    0x1.90ea26p-3f, -0x1.2a1e9ep-1f, 0x1.7e7964p-4f, 0x1.673978p-1f, 0x1.2efd7cp-1f, -0x1.35ae5cp-1f};

/// 3.weight_hh, 6 x 2, column by column.
inline constexpr float weights_10[] = {
    -0x1.b1dee4p-7f, 0x1.edb27p-3f, 0x1.345c3ap-1f, -0x1.d45cbcp-3f, -0x1.7da4f8p-2f, 0x1.37f2b2p-5f,
    0x1.5ba29ep-1f, -0x1.f0cedap-2f, 0x1.4d67bp-2f, 0x1.900fe6p-2f, -0x1.32f41cp-3f, 0x1.31a9ep-1f};

/// 3.bias, 6 x 1, column by column.
inline constexpr float weights_11[] = {
    0x1.9b53e6p-4f, 0x1.260e7p-3f, -0x1.3cbf2cp-6f, -0x1.409f2ep-1f, -0x1.f61554p-3f, -0x1.4345fcp-1f};

/// 4.weight_ih, 20 x 2, column by column.
inline constexpr float weights_12[] = {
    0x1.2c93c2p-2f, 0x1.372cc2p-2f, 0x1.a57e9cp-3f, -0x1.06ddcp-2f, -0x1.ad1ed2p-3f, 0x1.9a02eap-2f,
    -0x1.0ce034p-2f, 0x1.12e90ep-4f, -0x1.dbe0eep-7f, 0x1.f60cacp-5f, 0x1.0f496ap-4f, 0x1.18aa36p-2f,
    0x1.da528ap-3f, 0x1.aad52ap-8f, -0x1.7e0482p-3f, -0x1.bed5a2p-3f, -0x1.b5cad6p-2f, 0x1.2953f4p-2f,
    0x1.a72206p-2f, 0x1.0f1b28p-5f, 0x1.c5a21cp-2f, -0x1.f91306p-3f, -0x1.ff604p-3f, -0x1.8fb2cep-5f,
    0x1.cd916cp-8f, 0x1.0e5ddap-2f, -0x1.b1b8b2p-2f, -0x1.49cb42p-2f, -0x1.724b24p-2f, 0x1.7cede4p-2f,
    -0x1.9dfe7cp-2f, -0x1.162c8ep-2f, 0x1.1de254p-2f, -0x1.fee532p-5f, -0x1.1a388ep-3f, 0x1.cdefp-3f,
    -0x1.428d44p-2f, 0x1.79b408p-2f, 0x1.5d0eecp-2f, -0x1.352326p-3f};

/// 4.weight_hh, 20 x 2, column by column.
inline constexpr float weights_13[] = {
    0x1.aef692p-4f, -0x1.3329f2p-2f, 0x1.097f8ep-4f, 0x1.9df20ap-2f, 0x1.c54966p-2f, 0x1.52c29ep-7f,
    -0x1.2a65e6p-2f, -0x1.1f711ap-3f, 0x1.6eb8ecp-2f, -0x1.2e3a5p-2f, 0x1.bb6c7ap-3f, 0x1.fafc1ap-3f,
    -0x1.77ddaep-3f, 0x1.bd7576p-2f, 0x1.f1b45cp-4f, 0x1.3bfaap-2f, 0x1.bef852p-2f, 0x1.2a31a6p-2f,
    0x1.25ab36p-3f, 0x1.b8993ep-5f, 0x1.6d6f02p-3f, -0x1.4c500cp-3f, 0x1.06c5aep-2f, -0x1.5cdfaap-4f,
    -0x1.7a4f7p-9f, 0x1.8a9f3ap-2f, 0x1.f90062p-5f, -0x1.19927ap-4f, 0x1.2f285ep-2f, -0x1.292548p-2f,
    -0x1.726bc6p-2f, 0x1.41d00ap-4f, 0x1.0f6a1cp-3f, 0x1.97ad6ep-2f, -0x1.619bf4p-3f, -0x1.6b4854p-3f,
    0x1.18fafap-4f, -0x1.02a1cap-11f, 0x1.f22032p-3f, 0x1.a9edcap-2f};

/// 4.bias, 20 x 1, column by column.
inline constexpr float weights_14[] = {
    0x1.614f9ep-3f, -0x1.39bf52p-2f, 0x1.b87d5cp-4f, -0x1.79cedp-2f, 0x1.1b42dcp-2f, 0x1.203f7ap-2f,
    -0x1.946164p-2f, 0x1.961538p-3f, -0x1.191f86p-3f, -0x1.c50b0ap-2f, 0x1.5216f8p-2f, -0x1.e1d894p-5f,
    0x1.a33348p-3f, 0x1.aec348p-2f, -0x1.ae4c2ep-3f, -0x1.2a824cp-2f, 0x1.a4741cp-2f, 0x1.0ee868p-2f,
    -0x1.19806ap-2f, -0x1.1238a6p-4f};

/// 4.weight_hr, 2 x 5, column by column.
inline constexpr float weights_15[] = {
    -0x1.de4c3cp-3f, -0x1.c12696p-3f, -0x1.66641ap-5f, 0x1.8fa24p-2f, -0x1.ad3048p-5f, -0x1.67356p-7f,
    -0x1.b26d66p-2f, 0x1.49d2d2p-2f, -0x1.c2c5b8p-4f, 0x1.9748f8p-2f};

/// 5.weight, 2 x 2, column by column.
inline constexpr float weights_16[] = {
    0x1.7d9b5ap-3f, -0x1.2fd616p-7f, -0x1.6508a6p-6f, -0x1.206acep-3f};

/// 5.bias, 2 x 1, column by column.
inline constexpr float weights_17[] = {
    -0x0p+0f, 0x1p-149f};

inline Model model() {
  Model result = Model(unroll::Sequential<unroll::Lstm<float, 3, 4>, unroll::Lstm<float, 4, 4>>(unroll::Lstm<float, 3, 4>::zeros({unroll::Direction::forward, unroll::Readout::all}), unroll::Lstm<float, 4, 4>::zeros({unroll::Direction::forward, unroll::Readout::all})), unroll::Gru<float, 4, 3>::zeros({unroll::Direction::forward, unroll::Readout::all}), unroll::OriginalGru<float, 3, 2>::zeros({unroll::Direction::forward, unroll::Readout::all}), unroll::ProjectedLstm<float>::zeros(2, 5, 2, {unroll::Direction::forward, unroll::Readout::all}), unroll::Dense<float, 2, 2>::zeros(2, 2));
  const float* const weights[] = {weights_0, weights_1, weights_2, weights_3, weights_4, weights_5, weights_6, weights_7, weights_8, weights_9, weights_10, weights_11, weights_12, weights_13, weights_14, weights_15, weights_16, weights_17};
  std::size_t k = 0;
  unroll::for_each_tensor(
      [&](const std::string&, auto& tensor) { std::copy_n(weights[k++], tensor.size(), tensor.data()); },
      result);
  return result;
}

}  // namespace mixed
